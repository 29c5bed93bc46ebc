//! RMQTT, `rmqtt-acl.toml`: the documentation "Internal ACL" (tuples, order, `eq`, placeholders); what
//! a filter matches is what the sources do (`rmqtt-acl`, `trie`).
//!
//! The first rule that matches decides, and none denies. A subscription is matched without
//! `$share/{group}/`, level by level, so that `+` matches the level `#`; a wildcard at the beginning
//! matches nothing that begins with `$`. Placeholders are replaced by whatever the client is called.
//! `allow_anonymous` is false and a plugin authenticates, as the file asks.

use mcp_mqtt::acl::Action;
use toml::Value;

use super::topics;
use crate::agreement::Evaluator;
use crate::questions::Client;

struct Rules(Vec<Value>);

pub fn read(text: &str) -> Box<dyn Evaluator> {
    assert!(text.contains("allow_anonymous = false"));
    let document: toml::Table = text.parse().unwrap();
    Box::new(Rules(document["rules"].as_array().unwrap().clone()))
}

impl Evaluator for Rules {
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool {
        if client.username.is_none() {
            return false;
        }
        let topic = match action {
            Action::Publish => topic,
            Action::Subscribe => match topics::subscription(topic) {
                Some((_, filter)) => filter,
                None => return false,
            },
        };
        let rules = self
            .0
            .iter()
            .map(|rule| rule.as_array().unwrap().as_slice());
        for rule in rules {
            let (permission, who, control, filters) = match rule {
                [permission, who] => (permission, who, "all", None),
                [permission, who, control] => (permission, who, control.as_str().unwrap(), None),
                [permission, who, control, filters] => {
                    (permission, who, control.as_str().unwrap(), Some(filters))
                }
                _ => panic!("{rule:?}"),
            };
            let wanted = match control {
                "connect" => false,
                "publish" => action == Action::Publish,
                "subscribe" => action == Action::Subscribe,
                "pubsub" | "all" => true,
                other => panic!("{other}"),
            };
            let filters = filters.map(|filters| filters.as_array().unwrap());
            let hit = wanted
                && includes(who, client)
                && filters.is_none_or(|filters| {
                    filters
                        .iter()
                        .any(|filter| matches(filter.as_str().unwrap(), client, topic))
                });
            if hit {
                return permission.as_str() == Some("allow");
            }
        }
        false
    }
}

fn includes(who: &Value, client: &Client) -> bool {
    match who {
        Value::String(all) => all == "all",
        Value::Table(conditions) => conditions.iter().all(|(key, value)| match key.as_str() {
            "user" => value.as_str() == client.username.as_deref(),
            "clientid" => value.as_str() == Some(&client.client_id),
            other => panic!("{other}"),
        }),
        other => panic!("{other}"),
    }
}

fn matches(filter: &str, client: &Client, topic: &str) -> bool {
    let username = client.username.as_deref().unwrap();
    let filter = filter
        .replace("%c", &client.client_id)
        .replace("%u", username);
    topics::matches(&filter, topic)
}
