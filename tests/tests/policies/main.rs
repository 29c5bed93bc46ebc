//! What a broker makes of an exported policy is what the policy says.
//!
//! For each format: registries are drawn (`registries`), each is exported, the text is read by an
//! evaluator written from the broker's documentation (`evaluators`), and every principal asks for
//! everything of interest (`questions`). Evaluator and [`Policy`] must agree, denials included
//! (`agreement`); what a broker is known to do beyond is named with its format here. A policy that a
//! format cannot express must be refused, and nothing else may be.
//!
//! [`Policy`]: mcp_mqtt::acl::Policy

mod agreement;
mod evaluators;
mod questions;
mod registries;

use agreement::{Beyond, Enforcement, Subject, Unfit};
use mcp_mqtt::acl::{Format, Identity, Policy, Principals, Role, Rule, SELF};

/// Formats whose users are user names: a client id is a name in patterns alone.
fn client_ids_have_no_users(policy: &Policy, identity: Identity) -> Option<&'static str> {
    let named = identity == Identity::ClientId && agreement::names_somebody(policy);
    named.then_some("users are user names, not client ids")
}

#[test]
fn json() {
    agreement::holds(&Subject {
        format: Format::Json,
        identities: &[Identity::Username, Identity::AgentId],
        read: evaluators::json::read,
        enforcement: Enforcement::Group,
        unfit: Unfit::AsOthers,
        beyond: &[],
        confines_retained: false,
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
        beyond: &[],
        confines_retained: false,
        cannot: client_ids_have_no_users,
    });
}

#[test]
fn emqx() {
    agreement::holds(&Subject {
        format: Format::Emqx,
        identities: &[
            Identity::Username,
            Identity::ClientId,
            Identity::AgentId,
            Identity::CertCn,
        ],
        read: |text, _| evaluators::emqx::read(text),
        enforcement: Enforcement::Filter,
        unfit: Unfit::AsOthers,
        beyond: &[Beyond::HashForPlus],
        confines_retained: true,
        cannot: |_, _| None,
    });
}

#[test]
fn emqx_json() {
    agreement::holds(&Subject {
        format: Format::EmqxJson,
        identities: &[Identity::Username, Identity::ClientId, Identity::CertCn],
        read: |text, _| evaluators::emqx_json::read(text),
        enforcement: Enforcement::Filter,
        unfit: Unfit::AsOthers,
        beyond: &[Beyond::HashForPlus],
        confines_retained: true,
        cannot: |_, _| None,
    });
}

#[test]
fn hivemq() {
    agreement::holds(&Subject {
        format: Format::Hivemq,
        identities: &[Identity::Username, Identity::ClientId],
        read: |text, _| evaluators::hivemq::read(text),
        enforcement: Enforcement::Group,
        unfit: Unfit::Noted,
        beyond: &[Beyond::HashForPlus, Beyond::TrailingSlashes],
        confines_retained: true,
        cannot: |policy, identity| match policy.rules() {
            [] => Some("a file without users and roles is rejected"),
            _ => client_ids_have_no_users(policy, identity),
        },
    });
}

#[test]
fn vernemq() {
    agreement::holds(&Subject {
        format: Format::Vernemq,
        identities: &[Identity::Username, Identity::CertCn, Identity::ClientId],
        read: |text, _| evaluators::vernemq::read(text),
        enforcement: Enforcement::Group,
        unfit: Unfit::Warned,
        beyond: &[Beyond::HashForPlus],
        confines_retained: false,
        cannot: client_ids_have_no_users,
    });
}

#[test]
fn nanomq() {
    agreement::holds(&Subject {
        format: Format::Nanomq,
        identities: &[Identity::Username, Identity::ClientId],
        read: |text, _| evaluators::nanomq::read(text),
        enforcement: Enforcement::Group,
        unfit: Unfit::Noted,
        beyond: &[Beyond::HashForPlus],
        confines_retained: false,
        cannot: |_, _| None,
    });
}

#[test]
fn rmqtt() {
    agreement::holds(&Subject {
        format: Format::Rmqtt,
        identities: &[Identity::Username, Identity::ClientId, Identity::CertCn],
        read: |text, _| evaluators::rmqtt::read(text),
        enforcement: Enforcement::Filter,
        unfit: Unfit::Warned,
        beyond: &[Beyond::HashForPlusAndWills],
        confines_retained: false,
        cannot: |_, _| None,
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
            beyond: &[],
            confines_retained: false,
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
            beyond: &[],
            confines_retained: false,
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
        120,
        &Subject {
            format: Format::AwsIot,
            identities: &[Identity::ClientId],
            read: |text, _| evaluators::aws_iot::read(text),
            enforcement: Enforcement::Group,
            unfit: Unfit::Noted,
            beyond: &[],
            confines_retained: true,
            cannot: |policy, _| {
                let discovers_all = |rule: &Rule| rule.filter.ends_with("/mcp/servers/+/card");
                if policy.rules().iter().any(discovers_all) {
                    return Some("a Deny would take instances named `card`");
                }
                let grants = |name: &str, role: Option<Role>| {
                    let mut rules = policy.rules().iter();
                    rules.any(|rule| {
                        let named =
                            matches!(&rule.who, Principals::Named(names) if names.contains(name));
                        named && role.is_none_or(|role| rule.role() == Some(role))
                    })
                };
                (grants(registries::SERVER, Some(Role::Server)) && grants("svc-x", None))
                    .then_some("the server may connect as `svc-…`")
            },
        },
    );
}
