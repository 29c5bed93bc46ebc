//! RabbitMQ: "Access Control", sections "Authorisation" and "Topic Authorisation"; "MQTT Plugin",
//! sections "How the MQTT plugin works" and "Authentication and Authorisation"; which permission
//! guards what is from the plugin `rabbitmq_mqtt` 4.2.
//!
//! The separator `/` becomes `.`, the wildcard `+` becomes `*`. A PUBLISH needs `write` on the exchange
//! `amq.topic` and on its topic; a SUBSCRIBE `configure`, `write` and `read` on the queue of its client
//! id, `read` on the exchange and on its filter. A regular expression is searched for in the subject;
//! an empty one is `^$`. A user without topic permissions for the exchange has all topics.

use std::collections::BTreeMap;

use fancy_regex::Regex;
use mcp_mqtt::acl::Action;
use serde_json::Value;

use super::topics;
use crate::agreement::Evaluator;
use crate::questions::Client;

const EXCHANGE: &str = "amq.topic";

/// What a user has, by the kind of access.
type Permissions = BTreeMap<String, BTreeMap<&'static str, Regex>>;

struct Definitions {
    resources: Permissions,
    topics: Permissions,
}

pub fn read(text: &str) -> Box<dyn Evaluator> {
    let definitions: Value = serde_json::from_str(text).unwrap();
    let topics = definitions["topic_permissions"].as_array().unwrap();
    assert!(topics.iter().all(|entry| entry["exchange"] == EXCHANGE));
    let resources = ["configure", "write", "read"];
    Box::new(Definitions {
        resources: permissions(&definitions["permissions"], &resources),
        topics: permissions(&definitions["topic_permissions"], &["write", "read"]),
    })
}

fn permissions(list: &Value, access: &[&'static str]) -> Permissions {
    let entries = list.as_array().unwrap().iter();
    let entries = entries.map(|entry| {
        assert_eq!(entry["vhost"], "/");
        let regexes = access.iter().map(|access| (*access, regex(&entry[access])));
        (
            entry["user"].as_str().unwrap().to_owned(),
            regexes.collect(),
        )
    });
    entries.collect()
}

fn regex(text: &Value) -> Regex {
    let text = text.as_str().unwrap();
    assert!(text.len() <= 1024, "{text}");
    Regex::new(if text.is_empty() { "^$" } else { text }).unwrap()
}

impl Definitions {
    fn resource(&self, user: &str, access: &str, name: &str) -> bool {
        let permissions = self.resources.get(user);
        permissions.is_some_and(|regexes| regexes[access].is_match(name).unwrap())
    }

    fn topic(&self, user: &str, access: &str, topic: &str) -> bool {
        let key = topic.replace('/', ".").replace('+', "*");
        let permissions = self.topics.get(user);
        self.resource(user, access, EXCHANGE)
            && permissions.is_none_or(|regexes| regexes[access].is_match(&key).unwrap())
    }

    fn queue(&self, user: &str, client_id: &str) -> bool {
        let queue = format!("mqtt-subscription-{client_id}qos1");
        let access = ["configure", "write", "read"];
        access
            .iter()
            .all(|access| self.resource(user, access, &queue))
    }
}

impl Evaluator for Definitions {
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool {
        let Some(user) = &client.username else {
            return false;
        };
        match action {
            Action::Publish => self.topic(user, "write", topic),
            Action::Subscribe => {
                // Who takes another's client id gets nothing of it.
                assert!(client.client_id == *user || !self.queue(user, &client.client_id));
                topics::subscription(topic).is_some()
                    && self.topic(user, "read", topic)
                    && self.queue(user, user)
            }
        }
    }

    fn taken_as(&self, topic: &str) -> String {
        topic.replace('.', "/")
    }
}
