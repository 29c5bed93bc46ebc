//! What an acl_file can say, what it cannot, and what it leaves open.

use super::*;
use crate::acl::{ExportError, ExportOptions, Format, Identity};

fn export(policy: &Policy, options: &ExportOptions) -> Result<crate::acl::Export, ExportError> {
    policy.export(Format::Mosquitto, options)
}

fn by(identity: Identity) -> ExportOptions {
    ExportOptions {
        identity,
        client_ids_are_authenticated: true,
        ..ExportOptions::default()
    }
}

#[test]
fn a_named_caller_is_spelled_out_and_only_open_tools_become_patterns() {
    let scope = scope(Profile::Hardened, None);
    let closed = export(&derive(&scope, &closed_tools()), &by(Identity::Username)).unwrap();
    assert!(!closed.text.contains("pattern "), "{}", closed.text);
    let user = "\nuser analyst\ntopic write demo/mcp/tools/greet/call/analyst\n";
    assert!(closed.text.contains(user), "{}", closed.text);
    let open = export(&derive(&scope, &[open("t")]), &by(Identity::Username)).unwrap();
    let pattern = "\npattern write demo/mcp/tools/t/call/%u\n";
    assert!(open.text.contains(pattern), "{}", open.text);
}

#[test]
fn anonymous_clients_are_shut_out_before_any_pattern() {
    for tools in [all_tools(), Vec::new()] {
        let policy = derive(&scope(Profile::Reference, None), &tools);
        let text = export(&policy, &by(Identity::Username)).unwrap().text;
        let first = text.lines().find(|l| !l.is_empty() && !l.starts_with('#'));
        assert_eq!(first, Some("topic deny #"));
    }
}

#[test]
fn a_client_id_cannot_be_named_in_a_user_block() {
    let policy = derive(&scope(Profile::Hardened, None), &closed_tools());
    let error = export(&policy, &by(Identity::ClientId)).unwrap_err();
    let expected = "format `mosquitto` cannot grant `demo/mcp/tools/count_to/call/{$self}` of tool \
                    `count_to` to scout alone";
    assert!(error.to_string().starts_with(expected), "{error}");
    let policy = derive(&scope(Profile::Hardened, None), &[open("t")]);
    let text = export(&policy, &by(Identity::ClientId)).unwrap().text;
    assert!(text.contains("call/%c\n") && !text.contains("%u"), "{text}");
}

#[test]
fn client_ids_need_the_operators_word() {
    let policy = derive(&scope(Profile::Hardened, None), &[open("t")]);
    let mut options = by(Identity::ClientId);
    options.client_ids_are_authenticated = false;
    let error = export(&policy, &options).unwrap_err();
    assert_eq!(error, ExportError::UnauthenticatedClientIds);
}

#[test]
fn a_certificate_names_a_user_and_an_agent_id_does_not() {
    let policy = derive(&scope(Profile::Hardened, None), &all_tools());
    let text = export(&policy, &by(Identity::CertCn)).unwrap().text;
    assert!(text.contains("use_identity_as_username true"), "{text}");
    let error = export(&policy, &by(Identity::AgentId)).unwrap_err();
    assert!(matches!(error, ExportError::Identity { .. }), "{error}");
}

#[test]
fn a_guessable_share_group_is_a_warning_until_it_is_keyed_or_unused() {
    let warns = |change: fn(&mut Scope), identity: Option<&str>| {
        let mut scope = scope(Profile::Hardened, identity);
        change(&mut scope);
        let policy = derive(&scope, &closed_tools());
        let export = export(&policy, &ExportOptions::of(&scope)).unwrap();
        !export.warnings.is_empty()
    };
    for identity in [None, Some("svc")] {
        assert!(warns(|_| {}, identity));
        assert!(!warns(|scope| scope.shared = false, identity));
        assert!(!warns(|scope| scope.share_key = Some("k".into()), identity));
    }
}

#[test]
fn the_share_key_does_not_stand_in_the_file() {
    let mut scope = scope(Profile::Hardened, Some("svc"));
    scope.share_key = Some("s3cret".to_owned());
    let policy = derive(&scope, &all_tools());
    let text = export(&policy, &ExportOptions::of(&scope)).unwrap().text;
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn an_open_tool_is_a_warning_in_every_format() {
    let scope = scope(Profile::Hardened, None);
    let mut options = ExportOptions::of(&scope);
    options.share_groups = crate::acl::ShareGroups::Keyed;
    let refuse_them = [Format::MosquittoDynsec, Format::RabbitMq];
    let open_tools = |format: Format, tools: &[Tool]| {
        let mut options = options.clone();
        if format == Format::AwsIot {
            options.identity = Identity::ClientId;
        }
        let export = derive(&scope, tools).export(format, &options).unwrap();
        let is_open = |warning: &&String| warning.contains(" is open");
        export
            .warnings
            .iter()
            .filter(is_open)
            .cloned()
            .collect::<Vec<_>>()
    };
    for format in Format::ALL
        .iter()
        .filter(|format| !refuse_them.contains(format))
    {
        assert_eq!(open_tools(*format, &closed_tools()), Vec::<String>::new());
        let warnings = open_tools(*format, &[open("t")]);
        let [warning] = warnings.as_slice() else {
            panic!("{warnings:?}")
        };
        assert!(warning.starts_with("tool `t` is open"), "{warning}");
    }
}

#[test]
fn formats_identities_and_profiles_have_names() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(*format));
    }
    for identity in Identity::ALL {
        assert_eq!(identity.to_string().parse(), Ok(*identity));
    }
    for profile in Profile::ALL {
        assert_eq!(profile.to_string().parse(), Ok(*profile));
    }
    let error = "xml".parse::<Format>().unwrap_err();
    let expected = "there is no policy format `xml`; use one of json, mosquitto, ";
    assert!(error.to_string().starts_with(expected), "{error}");
}
