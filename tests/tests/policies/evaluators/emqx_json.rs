//! EMQX 5.9, built-in database: docs.emqx.com, "Use Built-in Database" (authorization) and the REST API
//! `/authorization/sources/built_in_database/rules`; the order of the three lists is that of the
//! sources (`emqx_authz_mnesia`).
//!
//! The rules of the client id, then those of the user name, then those for all: the first that matches
//! decides. A rule matches as one of `acl.conf` does.

use std::collections::HashMap;

use fancy_regex::Regex;
use mcp_mqtt::acl::Action;
use serde_json::Value;

use super::emqx::{Attribute, Rule, Rules, Topic, Who};
use crate::agreement::Evaluator;
use crate::questions::Client;

struct Database {
    clients: HashMap<String, Rules>,
    users: HashMap<String, Rules>,
    all: Rules,
}

pub fn read(text: &str) -> Box<dyn Evaluator> {
    let document: Value = serde_json::from_str(text).unwrap();
    let named = |list: &str, key: &str| {
        let entries = document
            .get(list)
            .map(|entries| entries.as_array().unwrap());
        let entries = entries.into_iter().flatten();
        let rules = |entry: &Value| (entry[key].as_str().unwrap().to_owned(), rules(entry));
        entries.map(rules).collect()
    };
    Box::new(Database {
        clients: named("clients", "clientid"),
        users: named("users", "username"),
        all: rules(&document["all"]),
    })
}

fn rules(body: &Value) -> Rules {
    Rules(body["rules"].as_array().unwrap().iter().map(rule).collect())
}

fn rule(rule: &Value) -> Rule {
    let pattern = |key: &str, attribute| {
        let pattern = rule.get(key)?.as_str().unwrap();
        Some(Who::Matches(attribute, Regex::new(pattern).unwrap()))
    };
    let username = pattern("username_re", Attribute::Username);
    let client_id = pattern("clientid_re", Attribute::ClientId);
    assert!(username.is_none() || client_id.is_none());
    Rule {
        allow: match rule["permission"].as_str().unwrap() {
            "allow" => true,
            "deny" => false,
            other => panic!("{other}"),
        },
        who: username.or(client_id).unwrap_or(Who::All),
        action: match rule["action"].as_str().unwrap() {
            "publish" => Some(Action::Publish),
            "subscribe" => Some(Action::Subscribe),
            "all" => None,
            other => panic!("{other}"),
        },
        retain: rule.get("retain").map(|flag| flag.as_bool().unwrap()),
        topics: Some(vec![Topic::of(rule["topic"].as_str().unwrap())]),
    }
}

impl Database {
    fn of<'a>(&'a self, client: &'a Client) -> impl Iterator<Item = &'a Rules> {
        let user = client.username.as_ref();
        let by_id = self.clients.get(&client.client_id);
        let by_user = user.and_then(|name| self.users.get(name));
        by_id.into_iter().chain(by_user).chain([&self.all])
    }

    /// The lists are one: what a list denies, no later one allows.
    fn decide(&self, client: &Client, action: Action, retain: bool, topic: &str) -> bool {
        let decisions = self
            .of(client)
            .map(|rules| rules.decision(client, action, retain, topic));
        decisions.flatten().next().unwrap_or(false)
    }
}

impl Evaluator for Database {
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool {
        self.decide(client, action, false, topic)
    }

    fn allows_retained(&self, client: &Client, topic: &str) -> bool {
        self.decide(client, Action::Publish, true, topic)
    }
}
