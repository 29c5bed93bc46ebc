//! What is decided, by examples; `oracle` compares it with the plain definition.

use super::*;
use crate::acl::Action::{Publish, Subscribe};
use crate::acl::{Decision, Denial};

fn policy() -> Policy {
    let mut scope = scope(Profile::Reference, Some("svc"));
    scope.share_key = Some("key".to_owned());
    derive(&scope, &all_tools())
}

#[test]
fn a_caller_may_call_its_tools_and_no_others() {
    let policy = derive(&scope(Profile::Reference, None), &closed_tools());
    for (who, topic, allowed) in [
        ("scout", "demo/mcp/tools/greet/call", true),
        ("scout", "demo/mcp/tools/greet/call/scout", true),
        ("scout", "demo/mcp/tools/count_to/call/scout", true),
        ("scout", "demo/mcp/servers/hello/cancel/scout", true),
        ("analyst", "demo/mcp/tools/count_to/call/analyst", false),
        ("analyst", "demo/mcp/tools/count_to/call", false),
        ("scout", "demo/mcp/tools/greet/call/analyst", false),
        ("scout", "demo/mcp/tools/greet/call/scout/x", false),
        ("scout", "demo/mcp/tools/locked/call", false),
        ("scout", "demo/mcp/tools/greet/card", false),
        ("scout", "demo/mcp/clients/analyst/responses", false),
        ("scout", "demo/mcp/clients/scout/responses", false),
        ("scout", "demo/mcp/servers/hello/cancel/analyst", false),
        ("Scout", "demo/mcp/tools/greet/call/Scout", false),
        ("scout", "demo/mcp/tools/Greet/call/scout", false),
        ("mallory", "demo/mcp/tools/greet/call/mallory", false),
    ] {
        let decision = policy.decide(Some(who), Publish, topic);
        assert_eq!(decision.is_allowed(), allowed, "{who} {topic}: {decision}");
    }
}

#[test]
fn a_subscription_is_granted_only_as_a_whole() {
    let policy = policy();
    for (who, filter, allowed) in [
        ("scout", "demo/mcp/clients/scout/responses", true),
        ("scout", "demo/mcp/tools/+/card", true),
        ("scout", "demo/mcp/tools/greet/card", true),
        ("scout", "demo/mcp/tools/count_to/stream/+", true),
        ("scout", "demo/mcp/tools/count_to/stream/17", true),
        ("scout", "demo/mcp/clients/+/responses", false),
        ("scout", "demo/mcp/clients/scout/#", false),
        ("scout", "demo/mcp/clients/analyst/responses", false),
        ("scout", "demo/mcp/tools/count_to/stream/#", false),
        ("analyst", "demo/mcp/tools/count_to/stream/+", false),
        ("scout", "demo/mcp/tools/greet/call/#", false),
        ("scout", "demo/mcp/tools/greet/call/scout", false),
        ("scout", "demo/#", false),
        ("scout", "+/mcp/tools/+/card", false),
        ("scout", "#", false),
        ("scout", "$SYS/#", false),
    ] {
        let decision = policy.decide(Some(who), Subscribe, filter);
        assert_eq!(decision.is_allowed(), allowed, "{who} {filter}: {decision}");
    }
}

#[test]
fn a_share_group_is_granted_by_its_name() {
    let policy = policy();
    for (who, filter, allowed) in [
        (
            "svc",
            "$share/mcp-tool-greet.key/demo/mcp/tools/greet/call/#",
            true,
        ),
        (
            "svc",
            "$share/mcp-tool-greet.key/demo/mcp/tools/greet/call/+",
            true,
        ),
        (
            "svc",
            "$share/mcp-tool-greet/demo/mcp/tools/greet/call/#",
            false,
        ),
        (
            "svc",
            "$share/mcp-tool-greet.key/demo/mcp/tools/locked/call/#",
            false,
        ),
        ("svc", "demo/mcp/tools/greet/call/#", false),
        (
            "scout",
            "$share/mcp-tool-greet.key/demo/mcp/tools/greet/call/#",
            false,
        ),
        (
            "scout",
            "$share/any/demo/mcp/clients/scout/responses",
            false,
        ),
        ("scout", "$share/any/demo/mcp/tools/+/card", false),
    ] {
        let decision = policy.decide(Some(who), Subscribe, filter);
        assert_eq!(decision.is_allowed(), allowed, "{who} {filter}: {decision}");
    }
}

#[test]
fn a_server_may_not_call_its_own_tools_so_that_its_probe_proves_something() {
    let tools = closed_tools();
    let policy = derive(&scope(Profile::Reference, Some("svc")), &tools);
    for topic in [
        "demo/mcp/tools/greet/call/nonce",
        "demo/mcp/tools/greet/call/svc",
    ] {
        assert!(!policy.decide(Some("svc"), Publish, topic).is_allowed());
    }
}

#[test]
fn an_anonymous_client_may_nothing() {
    let policy = policy();
    for (action, topic) in [
        (Publish, "demo/mcp/tools/status/call"),
        (Subscribe, "demo/mcp/tools/+/card"),
    ] {
        assert!(policy.decide(Some("anybody"), action, topic).is_allowed());
        let decision = policy.decide(None, action, topic);
        assert_eq!(decision, Decision::Denied(Denial::Anonymous));
    }
}

#[test]
fn an_identity_that_is_no_name_never_stands_for_self() {
    let policy = policy();
    let hostile = [
        "a/b", "+", "#", "", "{$self}", "x-sub", "@ops", "a b", "a\nb",
    ];
    for who in hostile {
        for topic in [
            format!("demo/mcp/tools/status/call/{who}"),
            "demo/mcp/tools/status/call/{$self}".to_owned(),
        ] {
            assert!(!policy.decide(Some(who), Publish, &topic).is_allowed());
        }
        let inbox = format!("demo/mcp/clients/{who}/responses");
        assert!(!policy.decide(Some(who), Subscribe, &inbox).is_allowed());
        let open = policy.decide(Some(who), Publish, "demo/mcp/tools/status/call");
        assert!(open.is_allowed(), "an open tool is open to any identity");
    }
}

#[test]
fn nothing_is_published_to_a_filter() {
    let policy = policy();
    let filters = [
        "#",
        "demo/mcp/clients/+/responses",
        "",
        "demo/mcp/servers/hello/instances/#",
    ];
    for topic in filters {
        let decision = policy.decide(Some("svc"), Publish, topic);
        assert_eq!(decision, Decision::Denied(Denial::InvalidTopic), "{topic}");
    }
    for filter in ["$share/g", "$share//demo/mcp/tools/+/card", "a#", ""] {
        let decision = policy.decide(Some("svc"), Subscribe, filter);
        assert_eq!(
            decision,
            Decision::Denied(Denial::InvalidFilter),
            "{filter}"
        );
    }
}

#[test]
fn a_decision_explains_itself() {
    let policy = policy();
    let explain = |who, action, topic: &str| policy.decide(who, action, topic).to_string();
    assert_eq!(
        explain(Some("scout"), Publish, "demo/mcp/tools/count_to/call/scout"),
        "allowed: scout may publish `demo/mcp/tools/count_to/call/{$self}` (calls, bound to the caller)"
    );
    assert_eq!(
        explain(Some("mallory"), Publish, "demo/mcp/tools/greet/call"),
        "denied: only analyst, scout may publish `demo/mcp/tools/greet/call` (calls, the caller is a claim)"
    );
    assert_eq!(
        explain(Some("scout"), Subscribe, "#"),
        "denied: no single rule grants it to anybody"
    );
    assert_eq!(
        explain(None, Publish, "demo/mcp/tools/greet/call"),
        "denied: an anonymous client may nothing"
    );
}

#[test]
fn a_clone_decides_alike() {
    let policy = policy();
    let clone = policy.clone();
    assert_eq!(policy, clone);
    let topic = "demo/mcp/tools/greet/call";
    assert!(clone.decide(Some("scout"), Publish, topic).is_allowed());
    assert!(policy.decide(Some("scout"), Publish, topic).is_allowed());
}
