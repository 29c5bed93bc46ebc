//! ACL v2: the draft "MCP over MQTT" v0.1, section 8 "Access control", and the README of the npm
//! package `mcp-mqtt`, "ACL". Default deny; a rule binds a topic to `agent_id`s, `{$self}` stands for
//! the client's own, a rule without `agents` is for any client that has one.
//!
//! A subscription must lie in one rule; a group is part of the topic as subscribed to.

use mcp_mqtt::acl::{Action, Identity};
use serde_json::Value;

use super::topics;
use crate::agreement::Evaluator;
use crate::questions::Client;

struct Acl {
    rules: Vec<Value>,
    /// What the broker calls a client.
    identity: Identity,
}

pub fn read(text: &str, identity: Identity) -> Box<dyn Evaluator> {
    let document: Value = serde_json::from_str(text).unwrap();
    assert_eq!(
        (&document["version"], &document["default"]),
        (&"2".into(), &"deny".into())
    );
    Box::new(Acl {
        rules: document["rules"].as_array().unwrap().clone(),
        identity,
    })
}

impl Evaluator for Acl {
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool {
        let Some(agent) = client.identity(self.identity) else {
            return false;
        };
        let action = match action {
            Action::Publish => "pub",
            Action::Subscribe => "sub",
        };
        let granted = |rule: &&Value| {
            let agents = rule.get("agents").map(|names| names.as_array().unwrap());
            rule["action"] == action
                && rule["binding"] == "agent_id"
                && agents.is_none_or(|names| names.iter().any(|name| name == agent))
        };
        let mut rules = self.rules.iter().filter(granted);
        rules.any(|rule| covers(rule["topic"].as_str().unwrap(), agent, topic))
    }
}

fn covers(rule: &str, agent: &str, asked: &str) -> bool {
    // Section 3: an agent id is 1-64 of these, so that it is one level of a topic.
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.@:=".contains(c);
    let fit = agent.chars().all(plain) && (1..=64).contains(&agent.len());
    let fit = fit && !agent.starts_with('@') && !agent.ends_with("-sub");
    if rule.contains("{$self}") && !fit {
        return false;
    }
    let rule = rule.replace("{$self}", agent);
    let (Some((group, rule)), Some((asked_group, asked))) =
        (topics::subscription(&rule), topics::subscription(asked))
    else {
        return false;
    };
    group == asked_group && contains(rule, asked)
}

/// Whether `rule` matches whatever `asked` matches: a wildcard of `asked` needs one as wide.
fn contains(rule: &str, asked: &str) -> bool {
    if asked.starts_with('$') && rule.starts_with(['+', '#']) {
        return false;
    }
    let rule: Vec<_> = rule.split('/').collect();
    let asked: Vec<_> = asked.split('/').collect();
    fn level(rule: &[&str], asked: &[&str]) -> bool {
        match (rule, asked) {
            (["#"], _) | ([], []) => true,
            (_, ["#"]) => false,
            ([one, rule @ ..], [other, asked @ ..]) => {
                (*one == "+" || one == other) && level(rule, asked)
            }
            _ => false,
        }
    }
    level(&rule, &asked)
}
