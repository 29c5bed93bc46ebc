//! Mosquitto's dynamic-security plugin: "Dynamic Security Plugin" (mosquitto.org, documentation),
//! sections "Access Control Lists" and "Default access"; what the page leaves open is what the plugin
//! of 2.0.11 does.
//!
//! A client is known by its user name, or nothing is granted. The first entry of its roles that matches
//! decides, else the default for the kind of access. `publishClientSend` and `publishClientReceive`
//! match topics, `subscribeLiteral` the very subscription, `subscribePattern` each subscription that
//! it contains, level by level, `$share` being a level like any other. A message is delivered if the
//! subscription was granted and `publishClientReceive` grants its topic.

use std::collections::BTreeMap;

use mcp_mqtt::acl::Action;
use serde_json::Value;

use super::topics;
use crate::agreement::Evaluator;
use crate::questions::Client;

struct Acl {
    kind: String,
    topic: String,
    allow: bool,
}

struct State {
    clients: BTreeMap<String, Vec<Acl>>,
    default: Value,
}

pub fn read(text: &str) -> Box<dyn Evaluator> {
    let state: Value = serde_json::from_str(text).unwrap();
    assert!(state.get("anonymousGroup").is_none());
    let role = |name: &Value| {
        let roles = state["roles"].as_array().unwrap();
        let role = roles.iter().find(|role| role["rolename"] == *name).unwrap();
        let acls = role["acls"].as_array().unwrap().iter();
        acls.map(|acl| Acl {
            kind: acl["acltype"].as_str().unwrap().to_owned(),
            topic: acl["topic"].as_str().unwrap().to_owned(),
            allow: acl["allow"].as_bool().unwrap(),
        })
        .collect()
    };
    let clients = state["clients"].as_array().unwrap().iter();
    let clients = clients.map(|client| {
        let [only] = client["roles"].as_array().unwrap().as_slice() else {
            panic!("{client}")
        };
        let name = client["username"].as_str().unwrap().to_owned();
        (name, role(&only["rolename"]))
    });
    Box::new(State {
        clients: clients.collect(),
        default: state["defaultACLAccess"].clone(),
    })
}

impl State {
    fn access(&self, acls: &[Acl], kind: &str, matches: impl Fn(&str, &str) -> bool) -> bool {
        let of_kind = |acl: &&Acl| acl.kind.starts_with(kind);
        match acls
            .iter()
            .filter(of_kind)
            .find(|acl| matches(&acl.kind, &acl.topic))
        {
            Some(acl) => acl.allow,
            None => self.default[kind].as_bool().unwrap(),
        }
    }
}

impl Evaluator for State {
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool {
        let name = client.username.as_ref();
        let Some(acls) = name.and_then(|name| self.clients.get(name)) else {
            return false;
        };
        if action == Action::Publish {
            return self.access(acls, "publishClientSend", |_, acl| {
                topics::matches(acl, topic)
            });
        }
        let Some((_, filter)) = topics::subscription(topic) else {
            return false;
        };
        let subscribed = self.access(acls, "subscribe", |kind, acl| match kind {
            "subscribeLiteral" => acl == topic,
            _ => contains(&levels(acl), &levels(topic)),
        });
        subscribed
            && self.access(acls, "publishClientReceive", |_, acl| {
                contains(&levels(acl), &levels(filter))
            })
    }
}

fn levels(filter: &str) -> Vec<&str> {
    filter.split('/').collect()
}

fn contains(acl: &[&str], asked: &[&str]) -> bool {
    match (acl, asked) {
        (["#"], _) | ([], []) => true,
        ([_, ..], ["#"]) => false,
        ([a, acl @ ..], [b, asked @ ..]) => (*a == "+" || a == b) && contains(acl, asked),
        _ => false,
    }
}
