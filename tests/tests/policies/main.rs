//! What a broker makes of an exported policy is what the policy says.
//!
//! For each format: registries are drawn (`registries`), each is exported, the text is read by an
//! evaluator written from the broker's documentation (`evaluators`), and every principal asks for
//! everything of interest (`questions`). Evaluator and [`Policy`] must agree, denials included. A
//! policy that a format cannot express must be refused, and nothing else may be.
//!
//! [`Policy`]: mcp_mqtt::acl::Policy

mod agreement;
mod evaluators;
mod questions;
mod registries;

use agreement::{Enforcement, Subject, Unfit};
use mcp_mqtt::acl::{Format, Identity};

#[test]
fn json() {
    agreement::holds(&Subject {
        format: Format::Json,
        identities: &[Identity::Username, Identity::AgentId],
        read: |text, _| evaluators::json::read(text),
        enforcement: Enforcement::Group,
        unfit: Unfit::AsOthers,
        cannot: |_, _| None,
    });
}

#[test]
fn mosquitto() {
    agreement::holds(&Subject {
        format: Format::Mosquitto,
        identities: &[Identity::Username, Identity::CertCn, Identity::ClientId],
        read: |text, _| evaluators::mosquitto::read(text),
        enforcement: Enforcement::Delivery,
        unfit: Unfit::Noted,
        cannot: |policy, identity| {
            let named = agreement::names_somebody(policy);
            (identity == Identity::ClientId && named).then_some("user blocks name no client ids")
        },
    });
}
