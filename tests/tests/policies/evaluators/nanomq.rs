//! NanoMQ: nanomq.io docs, "Access Control List" (keys, order, `#` as a user name, `@`, placeholders) and
//! "Access Control" (`no_match`); how levels are matched is what the sources do (`auth_acl`,
//! `check_ifwildcard`).
//!
//! The first rule that matches decides; one without topics matches all. A subscription is matched as it
//! stands, so that `+` matches the level `#`, and nothing is special about `$`. A placeholder whose value
//! has `+`, `#` or `/` denies at once. `allow_anonymous` is false, as the file asks.

use mcp_mqtt::acl::Action;
use serde_json::Value;

use crate::agreement::Evaluator;
use crate::questions::Client;

struct Rules(Vec<Value>);

/// HOCON with comments at the beginning of lines and one key is JSON otherwise.
pub fn read(text: &str) -> Box<dyn Evaluator> {
    assert!(text.contains("allow_anonymous = false, no_match = deny"));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let text = lines.collect::<Vec<_>>().join("\n");
    let list = text.trim().strip_prefix("rules =").unwrap();
    Box::new(Rules(serde_json::from_str(list).unwrap()))
}

impl Evaluator for Rules {
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool {
        let Some(username) = client.username.as_deref() else {
            return false;
        };
        if action == Action::Subscribe && super::topics::subscription(topic).is_none() {
            return false;
        }
        for rule in &self.0 {
            let wanted = match rule.get("action").map(|word| word.as_str().unwrap()) {
                Some("publish") => action == Action::Publish,
                Some("subscribe") => action == Action::Subscribe,
                Some("pubsub") | None => true,
                Some(other) => panic!("{other}"),
            };
            let is = |key: &str, value: &str| {
                let name = rule.get(key).map(|name| name.as_str().unwrap());
                name.is_none_or(|name| name == "#" || name == value)
            };
            if !wanted || !is("username", username) || !is("clientid", &client.client_id) {
                continue;
            }
            let allow = rule["permit"] == "allow";
            let Some(topics) = rule.get("topics") else {
                return allow;
            };
            for filter in topics.as_array().unwrap() {
                let Some(filter) = rendered(filter.as_str().unwrap(), client) else {
                    return false;
                };
                if filter
                    .strip_prefix('@')
                    .map_or_else(|| matches(&filter, topic), |literal| literal == topic)
                {
                    return allow;
                }
            }
        }
        false
    }
}

fn rendered(filter: &str, client: &Client) -> Option<String> {
    let mut filter = filter.to_owned();
    let values = [
        ("${clientid}", client.client_id.as_str()),
        ("${username}", client.username.as_deref().unwrap()),
    ];
    for (placeholder, value) in values {
        if filter.contains(placeholder) {
            if value.contains(['+', '#', '/']) {
                return None;
            }
            filter = filter.replace(placeholder, value);
        }
    }
    Some(filter)
}

fn matches(filter: &str, topic: &str) -> bool {
    let filter: Vec<_> = filter.split('/').collect();
    let topic: Vec<_> = topic.split('/').collect();
    let same = filter
        .iter()
        .zip(&topic)
        .take_while(|(a, b)| a == b || **a == "+")
        .count();
    match filter.get(same) {
        Some(level) => *level == "#",
        None => same == topic.len(),
    }
}
