//! What the formats of EMQX, HiveMQ, VerneMQ, NanoMQ and RMQTT refuse, warn of and keep to themselves.

use super::*;
use crate::acl::{Export, ExportError, ExportOptions, Format, Identity};

const BROKERS: [Format; 6] = [
    Format::Emqx,
    Format::EmqxJson,
    Format::Hivemq,
    Format::Vernemq,
    Format::Nanomq,
    Format::Rmqtt,
];

fn export(policy: &Policy, format: Format, identity: Identity) -> Result<Export, ExportError> {
    let options = ExportOptions {
        identity,
        client_ids_are_authenticated: true,
        ..ExportOptions::default()
    };
    policy.export(format, &options)
}

fn json(rules: &str) -> Policy {
    let text = format!(r#"{{"version":"2","default":"deny","rules":[{rules}]}}"#);
    Policy::from_json(&text).unwrap()
}

#[test]
fn a_format_takes_the_identities_that_its_broker_knows() {
    use Identity::{AgentId, CertCn, ClientId, Username};
    let policy = derive(&scope(Profile::Hardened, Some("svc")), &closed_tools());
    for (format, known) in [
        (
            Format::Emqx,
            [Username, ClientId, AgentId, CertCn].as_slice(),
        ),
        (Format::EmqxJson, &[Username, ClientId, CertCn]),
        (Format::Hivemq, &[Username]),
        (Format::Vernemq, &[Username, CertCn]),
        (Format::Nanomq, &[Username, ClientId]),
        (Format::Rmqtt, &[Username, ClientId, CertCn]),
    ] {
        for identity in Identity::ALL {
            let exported = export(&policy, format, *identity).is_ok();
            assert_eq!(exported, known.contains(identity), "{format} {identity}");
        }
    }
}

#[test]
fn a_plus_that_would_let_a_hash_read_more_is_refused_with_caller_and_topic() {
    let policy = json(
        r#"{"topic":"n/mcp/tools/t/stream/+","action":"sub","binding":"agent_id","agents":["a"]},
           {"topic":"n/mcp/tools/t/stream/x/y","action":"pub","binding":"agent_id","agents":["b"]}"#,
    );
    for format in BROKERS {
        let error = export(&policy, format, Identity::Username).unwrap_err();
        let expected = format!(
            "format `{format}` cannot grant `n/mcp/tools/t/stream/+` of tool `t` to a alone: "
        );
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

#[test]
fn a_leading_wildcard_is_refused_since_it_may_match_dollar_topics() {
    for action in ["sub", "pub"] {
        let rule = r##"{"topic":"#","action":"ACTION","binding":"agent_id","agents":["a"]}"##;
        let policy = json(&rule.replace("ACTION", action));
        for format in BROKERS {
            assert!(
                export(&policy, format, Identity::Username).is_err(),
                "{format}"
            );
        }
    }
}

#[test]
fn the_share_key_stands_only_where_the_broker_checks_groups() {
    let mut scope = scope(Profile::Hardened, Some("svc"));
    scope.share_key = Some("s3cret".to_owned());
    let policy = derive(&scope, &closed_tools());
    for format in BROKERS {
        let export = policy.export(format, &ExportOptions::of(&scope)).unwrap();
        let noted = export.notes.iter().any(|note| note.contains("share key"));
        assert_eq!(export.text.contains("s3cret"), noted, "{format}");
    }
}

#[test]
fn callers_may_not_retain_where_the_format_can_say_so() {
    let policy = derive(&scope(Profile::Hardened, None), &closed_tools());
    for format in BROKERS {
        let export = export(&policy, format, Identity::Username).unwrap();
        let open = export.notes.iter().any(|note| note.contains("retain flag"));
        let blind = [Format::Vernemq, Format::Nanomq, Format::Rmqtt];
        assert_eq!(open, blind.contains(&format), "{format}");
    }
}

#[test]
fn wills_that_no_rule_stops_are_a_warning() {
    let policy = derive(&scope(Profile::Hardened, None), &closed_tools());
    for format in BROKERS {
        let warnings = export(&policy, format, Identity::Username)
            .unwrap()
            .warnings;
        let wills = warnings.iter().any(|warning| warning.contains("wills"));
        assert_eq!(wills, format == Format::Rmqtt, "{format}: {warnings:?}");
    }
}

#[test]
fn no_line_before_the_first_user_of_vernemq_and_no_password_of_hivemq() {
    let policy = derive(&scope(Profile::Reference, Some("svc")), &all_tools());
    let text = export(&policy, Format::Vernemq, Identity::Username)
        .unwrap()
        .text;
    let before = text.split("\nuser ").next().unwrap_or_default();
    assert!(!before.contains("\ntopic "), "{before}");
    let text = export(&policy, Format::Hivemq, Identity::Username)
        .unwrap()
        .text;
    let users = text.matches("<user>").count();
    assert_eq!(text.matches("<password></password>").count(), users);
}

#[test]
fn depths_and_numbers_beyond_a_default_are_told() {
    let mut deep = scope(Profile::Hardened, None);
    deep.namespace = "a/b/c/d/e/f".to_owned();
    let notes = |policy: &Policy, format| export(policy, format, Identity::Username).unwrap().notes;
    let told = |notes: Vec<String>, word| notes.iter().any(|note| note.contains(word));
    let policy = derive(&deep, &closed_tools());
    assert!(told(
        notes(&policy, Format::Vernemq),
        "topic_max_depth = 11"
    ));
    let many: Vec<_> = ["a", "b", "c"]
        .iter()
        .map(|name| tool(name, &["x"]))
        .collect();
    let policy = derive(&scope(Profile::Hardened, None), &many);
    assert!(!told(notes(&policy, Format::EmqxJson), "max_rules"));
    let rules: Vec<_> = (0..101)
        .map(|n| {
            format!(r#"{{"topic":"n/t{n}","action":"pub","binding":"agent_id","agents":["a"]}}"#)
        })
        .collect();
    let policy = json(&rules.join(","));
    assert!(told(notes(&policy, Format::EmqxJson), "101 rules"));
}
