//! What a broker lets through, or keeps back, whatever its file says: warnings, by which a strict
//! export fails. What an operator can set right is a note.

use super::*;
use crate::acl::{Export, ExportError, ExportOptions, Format, Identity};

/// Named callers, a share key, and the server where one has groups.
fn hardened(format: Format) -> Scope {
    Scope {
        share_key: Some("k3y".to_owned()),
        shared: format != Format::RabbitMq,
        ..scope(Profile::Hardened, Some("svc"))
    }
}

fn export_by(
    identity: Identity,
    format: Format,
    scope: &Scope,
    tools: &[Tool],
) -> Result<Export, ExportError> {
    let options = ExportOptions {
        identity,
        ..ExportOptions::of(scope)
    };
    derive(scope, tools).export(format, &options)
}

fn export(format: Format, scope: &Scope, tools: &[Tool]) -> Export {
    let identity = match format {
        Format::AwsIot => Identity::ClientId,
        _ => Identity::Username,
    };
    export_by(identity, format, scope, tools).unwrap()
}

/// Whether each of these words stands in a text of its own, and there are no other texts.
fn are(texts: &[String], words: &[&str]) -> bool {
    let pairs = texts.iter().zip(words);
    texts.len() == words.len() && pairs.into_iter().all(|(text, word)| text.contains(word))
}

#[test]
fn each_weakness_of_a_hardened_export_is_a_warning() {
    const DISCONNECTS: &str = "also that of a server that tries";
    for format in Format::ALL {
        let expected: &[&str] = match format {
            Format::Emqx | Format::EmqxJson => &["EMQX does not check share groups"],
            Format::Hivemq => &["slashes at the end", DISCONNECTS],
            Format::Rmqtt => &[
                "does not check wills",
                "RMQTT does not check share groups",
                "but wills can bring it",
            ],
            Format::AwsIot => &[DISCONNECTS],
            _ => &[],
        };
        let warnings = export(*format, &hardened(*format), &closed_tools()).warnings;
        assert!(are(&warnings, expected), "{format}: {warnings:?}");
    }
}

#[test]
fn an_emqx_without_share_groups_has_no_weakness() {
    for format in [Format::Emqx, Format::EmqxJson] {
        let mut scope = hardened(format);
        scope.shared = false;
        let warnings = export(format, &scope, &closed_tools()).warnings;
        assert_eq!(warnings, Vec::<String>::new(), "{format}");
    }
}

/// As derived policies have none of, but a file may.
#[test]
fn calls_for_anyone_by_a_wildcard_are_a_warning_although_no_tool_is_named() {
    let policy = |filter: &str, action: &str, agents: &str| {
        let rule =
            format!(r#"{{"topic":"{filter}","action":"{action}","binding":"agent_id"{agents}}}"#);
        let text = format!(r#"{{"version":"2","default":"deny","rules":[{rule}]}}"#);
        Policy::from_json(&text).unwrap()
    };
    let warned = |policy: &Policy, format| {
        let warnings = policy.export(format, &ExportOptions::default()).unwrap();
        let mut warnings = warnings.warnings.iter();
        warnings.any(|text| text.contains("every tool whose topic that covers"))
    };
    for filter in [
        "demo/mcp/tools/+/call/{$self}",
        "demo/+/tools/t/call",
        "demo/#",
    ] {
        for format in [
            Format::Json,
            Format::Mosquitto,
            Format::Emqx,
            Format::Hivemq,
        ] {
            assert!(warned(&policy(filter, "pub", ""), format), "{filter}");
        }
        let named = policy(filter, "pub", r#","agents":["scout"]"#);
        let read = policy(filter, "sub", "");
        assert!(!warned(&named, Format::Json) && !warned(&read, Format::Json));
    }
    for other in [
        "sensors/+",
        "demo/mcp/servers/+/call",
        "demo/mcp/clients/+/responses",
    ] {
        assert!(!warned(&policy(other, "pub", ""), Format::Json), "{other}");
    }
}

#[test]
fn a_release_that_takes_strangers_for_callers_is_a_warning() {
    let scope = scope(Profile::Hardened, None);
    let warnings = export(Format::EmqxJson, &scope, &[open("t")]).warnings;
    assert!(are(&warnings, &["is open", "it needs EMQX 5.9"]));
}

#[test]
fn connect_rules_without_passwords_are_a_warning() {
    let scope = scope(Profile::Hardened, None);
    for (identity, warned) in [(Identity::CertCn, true), (Identity::Username, false)] {
        let export = export_by(identity, Format::Rmqtt, &scope, &closed_tools()).unwrap();
        let warns = |word| export.warnings.iter().any(|text| text.contains(word));
        assert_eq!(warns("anybody is anybody"), warned, "{identity}");
        assert_eq!(export.text.contains("\"connect\""), warned, "{identity}");
    }
}

#[test]
fn cards_that_rabbitmq_does_not_find_are_a_warning() {
    for (profile, expected) in [
        (Profile::Reference, &["who looks for all servers"][..]),
        (Profile::Hardened, &[]),
    ] {
        let mut scope = hardened(Format::RabbitMq);
        scope.profile = profile;
        let warnings = export(Format::RabbitMq, &scope, &closed_tools()).warnings;
        assert!(are(&warnings, expected), "{profile}: {warnings:?}");
    }
}

#[test]
fn hivemq_rejects_what_grants_nothing_and_so_does_its_export() {
    let scope = scope(Profile::Hardened, None);
    let tools = [tool("locked", &[])];
    for format in Format::ALL.iter().filter(|f| **f != Format::AwsIot) {
        let empty = export_by(Identity::Username, *format, &scope, &tools);
        assert_eq!(empty.is_err(), *format == Format::Hivemq, "{format}");
    }
    let error = export_by(Identity::Username, Format::Hivemq, &scope, &tools).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("`hivemq` cannot hold a policy that grants nothing"));
    assert!(error.contains("`--server-identity`"), "{error}");
}

#[test]
fn what_a_load_leaves_of_former_callers_is_removed_by_these_commands() {
    for (format, commands) in [
        (
            Format::RabbitMq,
            &[
                "rabbitmqctl delete_user NAME",
                "rabbitmqctl clear_permissions -p / NAME",
                "rabbitmqctl clear_topic_permissions -p / NAME",
            ][..],
        ),
        (
            Format::AwsIot,
            &[
                "aws iot detach-policy --policy-name P --target CERTIFICATE_ARN",
                "aws iot delete-policy --policy-name P",
            ],
        ),
        (
            Format::MosquittoDynsec,
            &[
                "mosquitto_ctrl dynsec deleteRole mcp-mqtt:NAME",
                "mosquitto_ctrl dynsec deleteClient NAME",
            ],
        ),
        (
            Format::EmqxJson,
            &["DELETE …/rules,", "DELETE …/rules/users/NAME"],
        ),
    ] {
        let notes = export(format, &hardened(format), &closed_tools()).notes;
        for command in commands {
            let told = notes.iter().any(|note| note.contains(command));
            assert!(told, "{format}: {command}");
        }
    }
}

#[test]
fn names_that_open_tools_take_along_are_noted() {
    let scope = scope(Profile::Hardened, None);
    for format in [
        Format::Mosquitto,
        Format::Hivemq,
        Format::Vernemq,
        Format::Nanomq,
        Format::Rmqtt,
        Format::AwsIot,
    ] {
        let noted = |tools: &[Tool]| {
            let notes = export(format, &scope, tools).notes;
            notes.iter().any(|note| note.contains("such as `x-sub`"))
        };
        assert!(noted(&[open("t")]) && !noted(&closed_tools()), "{format}");
    }
}
