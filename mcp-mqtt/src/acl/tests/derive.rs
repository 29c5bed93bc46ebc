//! Which rules come of which tools.

use std::collections::BTreeSet;

use super::*;
use crate::acl::{Action, DeriveError, Purpose, Role};

/// The rules of one role, as people read them.
fn rules(policy: &Policy, server: &str) -> BTreeSet<String> {
    let of_server = |who: &str| who == server;
    policy
        .rules()
        .iter()
        .filter(|rule| of_server(&rule.who.to_string()))
        .map(|rule| format!("{} {}", rule.action, rule.subscription()))
        .collect()
}

fn set(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn a_caller_of_one_tool_in_the_reference_profile() {
    let policy = derive(
        &scope(Profile::Reference, None),
        &[streaming(tool("t", &["scout"]))],
    );
    let expected = [
        "publish demo/mcp/tools/t/call/{$self}",
        "publish demo/mcp/tools/t/call",
        "publish demo/mcp/servers/hello/cancel/{$self}",
        "subscribe demo/mcp/clients/{$self}/responses",
        "subscribe demo/mcp/servers/+/card",
        "subscribe demo/mcp/servers/+/instances/+",
        "subscribe demo/mcp/tools/+/card",
        "subscribe demo/mcp/tools/t/stream/+",
    ];
    assert_eq!(rules(&policy, "scout"), set(&expected));
    assert_eq!(policy.rules().len(), expected.len());
}

#[test]
fn a_caller_of_one_tool_in_the_hardened_profile() {
    let policy = derive(
        &scope(Profile::Hardened, None),
        &[streaming(tool("t", &["scout"]))],
    );
    let expected = [
        "publish demo/mcp/tools/t/call/{$self}",
        "publish demo/mcp/servers/hello/cancel/{$self}",
        "subscribe demo/mcp/clients/{$self}/responses",
        "subscribe demo/mcp/servers/hello/card",
        "subscribe demo/mcp/servers/hello/instances/+",
        "subscribe demo/mcp/tools/t/card",
    ];
    assert_eq!(rules(&policy, "scout"), set(&expected));
    assert_eq!(policy.rules().len(), expected.len());
}

#[test]
fn the_server_gets_what_it_needs_and_no_more() {
    let tools = [tool("t", &[]), streaming(tool("s", &[]))];
    let policy = derive(&scope(Profile::Reference, Some("svc")), &tools);
    let expected = [
        "publish demo/mcp/servers/hello/card",
        "publish demo/mcp/servers/hello/instances/+",
        "publish demo/mcp/tools/t/card",
        "publish demo/mcp/tools/s/card",
        "publish demo/mcp/clients/+/responses",
        "publish demo/mcp/tools/s/stream/+",
        "subscribe $share/mcp-tool-t/demo/mcp/tools/t/call/#",
        "subscribe $share/mcp-tool-s/demo/mcp/tools/s/call/#",
        "subscribe demo/mcp/servers/hello/cancel/+",
        "subscribe demo/mcp/servers/hello/card",
        "subscribe demo/mcp/servers/hello/instances/+",
        "subscribe demo/mcp/tools/t/card",
        "subscribe demo/mcp/tools/s/card",
    ];
    assert_eq!(rules(&policy, "svc"), set(&expected));
    assert_eq!(policy.rules().len(), expected.len());
}

#[test]
fn a_share_key_ends_the_group_and_unshared_calls_have_none() {
    let mut scope = scope(Profile::Hardened, Some("svc"));
    scope.share_key = Some("k3y".to_owned());
    let served = |scope: &Scope| {
        let policy = derive(scope, &[tool("t", &["scout"])]);
        let mut rules = policy.rules().iter();
        let rule = rules.find(|rule| rule.purpose() == Purpose::ServeCalls);
        rule.unwrap().subscription()
    };
    assert_eq!(
        served(&scope),
        "$share/mcp-tool-t.k3y/demo/mcp/tools/t/call/#"
    );
    scope.shared = false;
    assert_eq!(served(&scope), "demo/mcp/tools/t/call/#");
}

#[test]
fn a_tool_for_nobody_grants_nothing_and_an_open_tool_grants_everybody_all_that_callers_share() {
    let scope = scope(Profile::Reference, None);
    assert_eq!(derive(&scope, &[tool("t", &[])]).rules(), []);
    let policy = derive(&scope, &[open("t"), tool("u", &["scout"])]);
    let named: Vec<_> = policy
        .rules()
        .iter()
        .filter(|rule| rule.who.to_string() == "scout")
        .map(|rule| rule.filter.as_str())
        .collect();
    let expected = ["demo/mcp/tools/u/call/{$self}", "demo/mcp/tools/u/call"];
    assert_eq!(named, expected);
    assert_eq!(policy.open_tools(), BTreeSet::from(["t"]));
    let stranger = Some("stranger");
    let inbox = "demo/mcp/clients/stranger/responses";
    assert!(
        policy
            .decide(stranger, Action::Subscribe, inbox)
            .is_allowed()
    );
}

#[test]
fn every_rule_has_a_purpose() {
    for profile in [Profile::Reference, Profile::Hardened] {
        let policy = derive(&scope(profile, Some("svc")), &all_tools());
        for rule in policy.rules() {
            assert_ne!(rule.purpose(), Purpose::Other, "{rule}");
        }
        let callers = derive(&scope(profile, None), &all_tools());
        for rule in callers.rules() {
            assert_eq!(rule.role(), Some(Role::Caller), "{rule}");
        }
    }
}

#[test]
fn the_order_of_tools_and_of_callers_does_not_matter() {
    let scope = scope(Profile::Reference, Some("svc"));
    let one = derive(&scope, &[tool("a", &["x", "y"]), tool("b", &["z"])]);
    let other = derive(&scope, &[tool("b", &["z"]), tool("a", &["y", "x", "y"])]);
    assert_eq!(one, other);
}

#[test]
fn every_bad_name_is_reported_and_the_share_key_is_kept_secret() {
    let scope = Scope {
        server_identity: Some("svc-sub".to_owned()),
        share_key: Some("hush hush".to_owned()),
        ..Scope::new("a//b", "hel/lo")
    };
    let bad = tool("t", &["x\nuser root"]);
    let error = Policy::derive_from(&scope, &[grant(&bad)]).unwrap_err();
    let DeriveError::InvalidNames(names) = &error else {
        panic!("{error}");
    };
    assert_eq!(names.len(), 5);
    let text = error.to_string();
    assert!(
        text.contains(r"caller `x\nuser root` contains `\n`"),
        "{text}"
    );
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn a_group_that_is_not_defined_is_no_caller() {
    let tool = crate::tool::Tool::builder("read")
        .allowed_callers(["@ops"])
        .handler(|(): (), _: crate::tool::ToolContext| async { Ok::<_, String>(()) })
        .build()
        .unwrap();
    let registry = crate::tool::Registry::empty().add(tool).unwrap();
    let scope = scope(Profile::Reference, None);
    let error = Policy::derive(&scope, &registry).unwrap_err().to_string();
    assert!(error.contains("the group `@ops` of its callers"), "{error}");

    let registry = registry.with_groups([("ops", ["alice"])]).unwrap();
    let by_group = Policy::derive(&scope, &registry).unwrap();
    assert_eq!(by_group, derive(&scope, &[super::tool("read", &["alice"])]));
}
