//! What is read as a policy, and what is refused, with its place.

use super::*;
use crate::acl::Action::{Publish, Subscribe};

const GRANT: &str =
    r#"{"topic":"gtm/mcp/tools/q/call","action":"pub","binding":"agent_id","agents":["scout"]}"#;

fn document(rules: &str) -> String {
    format!(r#"{{"version":"2","default":"deny","rules":[{rules}]}}"#)
}

fn refused(text: &str) -> String {
    Policy::from_json(text).unwrap_err().to_string()
}

#[test]
fn a_list_is_no_policy() {
    let text = refused(r#"["2", "deny", []]"#);
    assert!(text.contains("which is an object"), "{text}");
}

#[test]
fn the_drafts_own_example_is_a_policy() {
    let policy = Policy::from_json(
        r#"{
          "version": "2",
          "default": "deny",
          "rules": [
            { "topic": "gtm/mcp/tools/query_watch_configs/call",  "action": "pub", "binding": "agent_id", "agents": ["scout", "analyst"] },
            { "topic": "gtm/mcp/tools/create_social_post/call",   "action": "pub", "binding": "agent_id", "agents": ["operator"] },
            { "topic": "gtm/mcp/clients/{$self}/responses", "action": "sub", "binding": "agent_id" }
          ]
        }"#,
    )
    .unwrap();
    let call = "gtm/mcp/tools/create_social_post/call";
    assert!(policy.decide(Some("operator"), Publish, call).is_allowed());
    assert!(!policy.decide(Some("scout"), Publish, call).is_allowed());
    let inbox = "gtm/mcp/clients/scout/responses";
    assert!(policy.decide(Some("scout"), Subscribe, inbox).is_allowed());
    assert!(
        !policy
            .decide(Some("operator"), Subscribe, inbox)
            .is_allowed()
    );
}

#[test]
fn rules_of_one_topic_are_united() {
    let more = GRANT.replace("scout", "analyst");
    let policy = Policy::from_json(&document(&format!("{GRANT},{more}"))).unwrap();
    assert_eq!(policy.rules().len(), 1);
}

#[test]
fn what_is_no_policy_is_refused_with_line_and_column() {
    let unknown = document(&GRANT.replace("\"agents\"", "\"retain\""));
    let null = document(&GRANT.replace("[\"scout\"]", "null"));
    for (text, place) in [
        (null.as_str(), "invalid type: null"),
        ("", "line 1 column 0"),
        ("# acl_file", "line 1 column 1"),
        ("[]", "line 1 column"),
        (r#"{"rules":[]}"#, "missing field `version`"),
        (r#"{"version":"2","rules":[]}"#, "missing field `default`"),
        (unknown.as_str(), "unknown field `retain`"),
        (unknown.as_str(), "line 1 column"),
    ] {
        let error = refused(text);
        assert!(error.contains(place), "{error}");
    }
}

#[test]
fn another_version_is_told_before_its_fields_are_looked_at() {
    let newer = r#"{"version":"3","default":"deny","rules":[],"new":1}"#;
    let expected = "the policy has version \"3\"; this program reads version \"2\", as a string";
    assert_eq!(refused(newer), expected);
    let number = r#"{"version":2,"default":"deny","rules":[]}"#;
    assert!(refused(number).contains("version 2;"));
}

#[test]
fn a_policy_that_allows_by_default_is_refused() {
    let text = document("").replace("deny", "allow");
    assert!(refused(&text).contains("default `allow`"));
}

#[test]
fn words_that_are_unknown_are_refused_with_the_rule() {
    for (from, to, place) in [
        ("\"pub\"", "\"pubsub\"", "rules[1].action: `pubsub`"),
        ("\"agent_id\"", "\"ip\"", "rules[1].binding: `ip`"),
        ("[\"scout\"]", "[]", "rules[1].agents: `[]`"),
    ] {
        let rules = format!("{GRANT},{}", GRANT.replace(from, to));
        let error = refused(&document(&rules));
        assert!(error.starts_with(place), "{error}");
    }
}

#[test]
fn names_that_could_break_out_of_a_format_are_refused() {
    for name in [
        r"x\nuser root",
        "a b",
        "+",
        "",
        "@ops",
        "x-sub",
        "a/b",
        "${username}",
        "%u",
    ] {
        let error = refused(&document(&GRANT.replace("scout", name)));
        assert!(error.starts_with("rules[0].agents: "), "{error}");
    }
}

#[test]
fn topics_that_could_break_out_of_a_format_are_refused() {
    for topic in [
        "",
        "a//b",
        "a#",
        "#/a",
        "$SYS/a",
        r"a\ntopic #",
        "a b",
        "a/%u",
        "a/x{$self}",
        "a/{$SELF}",
        "$share/g/a",
    ] {
        let rule = GRANT.replace("gtm/mcp/tools/q/call", topic);
        let error = refused(&document(&rule));
        assert!(error.starts_with("rules[0].topic: "), "{error}");
    }
    for topic in ["$share/g", "$share/g h/a", "$share//a", "$share/{$self}/a"] {
        let rule = GRANT.replace("gtm/mcp/tools/q/call", topic);
        let error = refused(&document(&rule.replace("\"pub\"", "\"sub\"")));
        assert!(error.starts_with("rules[0].topic: "), "{error}");
    }
}
