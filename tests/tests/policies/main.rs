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
use mcp_mqtt::acl::{Format, Identity, Principals, Rule, SELF};

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

#[test]
fn mosquitto_dynsec() {
    agreement::holds_in(
        80,
        &Subject {
            format: Format::MosquittoDynsec,
            identities: &[Identity::Username, Identity::CertCn],
            read: |text, _| evaluators::dynsec::read(text),
            enforcement: Enforcement::Group,
            unfit: Unfit::AsOthers,
            cannot: |policy, _| agreement::is_open(policy).then_some("clients are known by name"),
        },
    );
}

#[test]
fn rabbitmq() {
    agreement::holds_in(
        200,
        &Subject {
            format: Format::RabbitMq,
            identities: &[Identity::Username, Identity::CertCn],
            read: |text, _| evaluators::rabbitmq::read(text),
            enforcement: Enforcement::Group,
            unfit: Unfit::AsOthers,
            cannot: |policy, _| {
                if agreement::is_open(policy) {
                    return Some("users are known by name");
                }
                let mut rules = policy.rules().iter();
                let cannot = |rule: &Rule| {
                    let dotted = |name: &String| name.contains('.') && rule.filter.contains(SELF);
                    rule.share.is_some()
                        || rule.filter.contains('.')
                        || matches!(&rule.who, Principals::Named(names) if names.iter().any(dotted))
                };
                rules.any(cannot).then_some("shared subscriptions, or dots")
            },
        },
    );
}

#[test]
fn aws_iot() {
    agreement::holds_in(
        80,
        &Subject {
            format: Format::AwsIot,
            identities: &[Identity::ClientId],
            read: |text, _| evaluators::aws_iot::read(text),
            enforcement: Enforcement::Group,
            unfit: Unfit::Noted,
            cannot: |policy, _| {
                let discovers_all = |rule: &Rule| rule.filter.ends_with("/mcp/servers/+/card");
                let mut rules = policy.rules().iter();
                rules
                    .any(discovers_all)
                    .then_some("a Deny would take instances named `card`")
            },
        },
    );
}
