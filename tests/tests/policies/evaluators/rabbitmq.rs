//! RabbitMQ: "Access Control", sections "Authorisation" and "Topic Authorisation"; "MQTT Plugin",
//! sections "How the MQTT plugin works" and "Authentication and Authorisation"; which permission
//! guards what is from the plugin `rabbitmq_mqtt` 4.2.
//!
//! The separator `/` becomes `.`, the wildcard `+` becomes `*`. A PUBLISH needs `write` on the exchange
//! `amq.topic` and on its topic; a SUBSCRIBE `configure`, `write` and `read` on the queue of its client
//! id, `read` on the exchange and on its filter. A regular expression is searched for in the subject;
//! an empty one is `^$`. A user without topic permissions for the exchange has all topics.

use mcp_mqtt::acl::Action;
use serde_json::Value;

use super::pcre::Regex;
use super::topics;
use crate::agreement::Evaluator;
use crate::questions::Client;

const EXCHANGE: &str = "amq.topic";

struct Definitions(Value);

pub fn read(text: &str) -> Box<dyn Evaluator> {
    Box::new(Definitions(serde_json::from_str(text).unwrap()))
}

impl Definitions {
    fn of(&self, list: &str, user: &str) -> Option<&Value> {
        let mut all = self.0[list].as_array().unwrap().iter();
        let entry = all.find(|entry| entry["user"] == user)?;
        assert_eq!(entry["vhost"], "/");
        Some(entry)
    }

    fn resource(&self, user: &str, access: &str, name: &str) -> bool {
        let permission = self.of("permissions", user);
        permission.is_some_and(|permission| found(&permission[access], name))
    }

    fn topic(&self, user: &str, access: &str, topic: &str) -> bool {
        let key = topic.replace('/', ".").replace('+', "*");
        self.resource(user, access, EXCHANGE)
            && self.of("topic_permissions", user).is_none_or(|permission| {
                assert_eq!(permission["exchange"], EXCHANGE);
                found(&permission[access], &key)
            })
    }

    fn queue(&self, user: &str, client_id: &str) -> bool {
        let queue = format!("mqtt-subscription-{client_id}qos1");
        let access = ["configure", "write", "read"];
        access
            .iter()
            .all(|access| self.resource(user, access, &queue))
    }
}

fn found(regex: &Value, subject: &str) -> bool {
    match regex.as_str().unwrap() {
        "" => subject.is_empty(),
        regex => {
            assert!(regex.len() <= 1024, "{regex}");
            Regex::parse(regex).is_found_in(subject)
        }
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
