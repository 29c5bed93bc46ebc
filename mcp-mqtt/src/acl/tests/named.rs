//! What formats can say that list their principals by name, and what they refuse.

use super::*;
use crate::acl::{Export, ExportError, ExportOptions, Format, Identity};

fn export(format: Format, scope: &Scope, tools: &[Tool]) -> Result<Export, ExportError> {
    let identity = match format {
        Format::AwsIot => Identity::ClientId,
        _ => Identity::Username,
    };
    let options = ExportOptions {
        identity,
        ..ExportOptions::of(scope)
    };
    derive(scope, tools).export(format, &options)
}

fn unshared(profile: Profile, identity: Option<&str>) -> Scope {
    Scope {
        shared: false,
        ..scope(profile, identity)
    }
}

fn refused(format: Format, scope: &Scope, tools: &[Tool]) -> String {
    export(format, scope, tools).unwrap_err().to_string()
}

#[test]
fn an_open_tool_cannot_be_said_where_clients_are_known_by_name() {
    let scope = unshared(Profile::Hardened, None);
    for format in [Format::MosquittoDynsec, Format::RabbitMq] {
        let error = refused(format, &scope, &[open("t")]);
        let expected = format!(
            "format `{format}` cannot grant `demo/mcp/tools/t/call/{{$self}}` of tool `t` to any \
             authenticated identity alone: "
        );
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn dynamic_security_needs_neither_a_share_key_nor_a_warning() {
    let scope = scope(Profile::Reference, Some("svc"));
    let export = export(Format::MosquittoDynsec, &scope, &named_tools()).unwrap();
    assert_eq!(export.warnings, Vec::<String>::new());
    let shared = r#"{"acltype":"subscribePattern","topic":"$share/mcp-tool-greet/demo/mcp/tools/greet/call/#","allow":true}"#;
    let delivery =
        r#"{"acltype":"publishClientReceive","topic":"demo/mcp/tools/greet/call/#","allow":true}"#;
    assert!(export.text.contains(shared), "{}", export.text);
    assert!(export.text.contains(delivery), "{}", export.text);
}

#[test]
fn a_subscription_from_the_first_level_on_is_wider_elsewhere() {
    let rule = |action, topic| {
        format!(
            r#"{{"version":"2","default":"deny","rules":[{{"topic":"{topic}","action":"{action}","binding":"agent_id","agents":["a"]}}]}}"#
        )
    };
    let options = |format| {
        let mut options = ExportOptions::default();
        if format == Format::AwsIot {
            options.identity = Identity::ClientId;
        }
        options
    };
    for format in [Format::MosquittoDynsec, Format::RabbitMq, Format::AwsIot] {
        for topic in ["#", "+/a", "$share/g/+/a"] {
            let policy = Policy::from_json(&rule("sub", topic)).unwrap();
            assert!(policy.export(format, &options(format)).is_err(), "{topic}");
        }
        let policy = Policy::from_json(&rule("pub", "+/a")).unwrap();
        let fine = policy.export(format, &options(format)).is_ok();
        assert_eq!(fine, format == Format::MosquittoDynsec);
    }
}

#[test]
fn rabbitmq_knows_no_share_groups_and_takes_a_dot_for_a_level() {
    let shared = scope(Profile::Hardened, Some("svc"));
    let error = refused(Format::RabbitMq, &shared, &closed_tools());
    assert!(error.contains("to svc alone: it has no shared"), "{error}");
    let unshared = unshared(Profile::Hardened, None);
    let error = refused(Format::RabbitMq, &unshared, &named_tools());
    let expected =
        "cannot grant `demo/mcp/tools/audit.log-1_A/call/{$self}` of tool `audit.log-1_A`";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn the_longest_regular_expression_of_rabbitmq_is_a_limit() {
    let names: Vec<String> = (0..100).map(|n| format!("tool_{n:010}")).collect();
    let tools: Vec<Tool> = names
        .iter()
        .map(|name| tool(name.clone().leak(), &["a"]))
        .collect();
    let scope = unshared(Profile::Hardened, None);
    let error = refused(Format::RabbitMq, &scope, &tools);
    assert!(error.contains("at most 1024 bytes"), "{error}");
}

#[test]
fn aws_iot_cannot_confine_the_discovery_of_the_reference_profile() {
    let scope = scope(Profile::Reference, None);
    let error = refused(Format::AwsIot, &scope, &closed_tools());
    assert!(error.contains("profile `hardened`"), "{error}");
}

#[test]
fn aws_iot_tells_callers_by_client_id_and_needs_nobodys_word_for_it() {
    let scope = scope(Profile::Hardened, None);
    let policy = derive(&scope, &closed_tools());
    for identity in Identity::ALL {
        let options = ExportOptions {
            identity: *identity,
            ..ExportOptions::of(&scope)
        };
        let fine = policy.export(Format::AwsIot, &options).is_ok();
        assert_eq!(fine, *identity == Identity::ClientId);
    }
}

#[test]
fn no_server_of_aws_iot_can_connect_as_somebody_else() {
    let alone = scope(Profile::Hardened, Some("ops"));
    for other in ["ops-alice", "ops-"] {
        let error = refused(Format::AwsIot, &alone, &[tool("t", &["ops1", other])]);
        let expected = format!("cannot keep `{other}` apart from the server `ops`");
        assert!(error.contains(&expected), "{error}");
    }
    // Around `ops-` in the order of names: `.` comes behind `-`.
    let others = ["ops", "op", "op-s", "ops.a", "opsx", "Ops-a"];
    let fine = export(Format::AwsIot, &alone, &[tool("t", &others)]).unwrap();
    assert_eq!(fine.text.matches("client/ops-*").count(), 1);

    let server = |name: &str, identity: &str| {
        let mut scope = Scope::new("demo", name);
        (scope.profile, scope.server_identity) = (Profile::Hardened, Some(identity.to_owned()));
        derive(&scope, &[])
    };
    let (one, two) = (server("one", "ops"), server("two", "ops-2"));
    let both = Policy::merge([("one", &one), ("two", &two)]).unwrap();
    let options = ExportOptions {
        identity: Identity::ClientId,
        ..ExportOptions::default()
    };
    let error = both.export(Format::AwsIot, &options).unwrap_err();
    assert!(error.to_string().contains("`ops-2`"), "{error}");
}

#[test]
fn what_things_are_called_is_a_warning_of_aws_iot() {
    let scope = scope(Profile::Hardened, Some("svc"));
    let told = |tools: &[Tool]| {
        let warnings = export(Format::AwsIot, &scope, tools).unwrap().warnings;
        warnings
            .iter()
            .any(|text| text.contains("a thing may have any name"))
    };
    assert!(told(&all_tools()) && !told(&closed_tools()));
}

#[test]
fn the_limits_of_aws_iot_are_named() {
    let mut deep = scope(Profile::Hardened, None);
    deep.namespace = "a/b/c/d/e".to_owned();
    let error = refused(Format::AwsIot, &deep, &closed_tools());
    assert!(
        error.contains("of tool `greet` to analyst alone: a topic has at most 7 slashes"),
        "{error}"
    );

    let many = |count: usize, width: usize| -> Vec<Tool> {
        (0..count)
            .map(|n| tool(format!("{n:0width$}").leak(), &["a"]))
            .collect()
    };
    let scope = scope(Profile::Hardened, Some("svc"));
    let error = refused(Format::AwsIot, &scope, &many(60, 3));
    assert!(error.contains("at most 50 subscriptions"), "{error}");
    let mut long = scope.clone();
    long.namespace = format!("{0}/{0}", "n".repeat(64));
    let error = refused(Format::AwsIot, &long, &many(22, 60));
    assert!(error.contains("at most 10 documents"), "{error}");
    long.namespace += &format!("/{}", "n".repeat(64));
    let error = refused(Format::AwsIot, &long, &many(1, 64));
    assert!(error.contains("at most 256 bytes"), "{error}");
}

#[test]
fn a_document_of_aws_iot_is_short_enough_for_every_region() {
    let scope = scope(Profile::Hardened, Some("svc"));
    let names: Vec<String> = (0..20).map(|n| format!("tool-{n}")).collect();
    let tools: Vec<Tool> = names
        .iter()
        .map(|name| tool(name.clone().leak(), &["a"]))
        .collect();
    let text = export(Format::AwsIot, &scope, &tools).unwrap().text;
    let text = text.replace(
        "aws:iot:REGION:ACCOUNT",
        "aws-us-gov:iot:ap-southeast-9:123456789012",
    );
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let documents = file["principals"]["svc"].as_array().unwrap();
    assert!(documents.len() > 1);
    for document in documents {
        let length = document.to_string().len();
        assert!(length <= 2048, "{length}");
    }
}
