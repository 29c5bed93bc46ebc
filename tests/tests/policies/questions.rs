//! What is asked: every principal, every topic of interest, and what an attacker would try.

use std::collections::BTreeSet;

use mcp_mqtt::acl::{Action, Identity, SELF};

use crate::registries::{CALLERS, Case, SERVER};

/// A connection, as the broker knows it after CONNECT.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Client {
    /// The user name, which the broker authenticated, or took from the certificate or the account.
    pub username: Option<String>,
    pub client_id: String,
}

impl Client {
    /// The client that bears this name where the broker looks for it. Where it does not look stands
    /// the name of somebody who may more.
    fn named(name: Option<&str>, identity: Identity) -> Self {
        let name = name.map(str::to_owned);
        match identity {
            Identity::ClientId => Self {
                username: Some(SERVER.to_owned()),
                client_id: name.unwrap_or_else(|| "auto-1".to_owned()),
            },
            _ => Self {
                username: name,
                client_id: SERVER.to_owned(),
            },
        }
    }

    /// Its name, of the kind that the policy was exported for.
    pub fn identity(&self, identity: Identity) -> Option<&str> {
        match identity {
            Identity::ClientId => Some(&self.client_id),
            _ => self.username.as_deref(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Question {
    pub client: Client,
    pub action: Action,
    pub topic: String,
}

/// Identities that no caller can have: wildcards, more levels, placeholders of policies and formats.
const UNFIT: &[&str] = &[
    "+",
    "#",
    "a/b",
    "../a",
    SELF,
    "@ops",
    "x-sub",
    "%u",
    "%c",
    "${username}",
    "${clientid}",
    "a b",
    "é",
    "a\nb",
    "\"",
    "$SYS",
];

/// Everything that is worth asking about this case.
pub fn about(case: &Case, identity: Identity) -> Vec<Question> {
    let names = CALLERS.iter().chain(UNFIT).chain(&[SERVER, "stranger"]);
    let clients = names
        .map(|name| Some(*name))
        .chain([None])
        .map(|name| Client::named(name, identity));
    let topics = topics(case);
    let mut questions = Vec::new();
    for client in clients {
        let own = client.identity(identity).unwrap_or("nobody").to_owned();
        for topic in &topics {
            // One's own topic, and that of somebody else, who is a caller of something.
            for name in [own.as_str(), "a"] {
                let topic = topic.replace(SELF, name);
                for action in [Action::Publish, Action::Subscribe] {
                    // A client cannot send such a PUBLISH.
                    if action == Action::Subscribe || !topic.contains(['+', '#']) {
                        questions.push(Question {
                            client: client.clone(),
                            action,
                            topic: topic.clone(),
                        });
                    }
                }
                if !topic.contains(name) {
                    break;
                }
            }
        }
    }
    questions
}

/// Topics and filters; the level `{$self}` stands for the name of whoever asks, or somebody else's.
fn topics(case: &Case) -> BTreeSet<String> {
    let mut filters: BTreeSet<String> = BTreeSet::new();
    for rule in case.policy.rules() {
        filters.insert(rule.filter.clone());
        if let Some(group) = &rule.share {
            for group in [group, &group.to_uppercase(), &format!("{group}x"), "x"] {
                filters.insert(format!("$share/{group}/{}", rule.filter));
                filters.insert(format!("$share/{group}/#"));
            }
        }
    }
    for scope in &case.scopes {
        let ns = &scope.namespace;
        for known in [
            "tools/a",
            "tools/unknown",
            "tools/+",
            "servers/hello",
            "servers/+",
        ] {
            for below in [
                "card",
                "call",
                "call/+",
                "call/#",
                "call/{$self}",
                "stream/+",
                "stream/#",
                "cancel/{$self}",
                "cancel/+",
                "instances/+",
                "instances/#",
                "instances/i",
                "#",
            ] {
                filters.insert(format!("{ns}/mcp/{known}/{below}"));
            }
        }
        for inbox in ["{$self}", "+", "#", "{$self}/#"] {
            filters
                .insert(format!("{ns}/mcp/clients/{inbox}/responses").replace("#/responses", "#"));
        }
        for all in ["#", "mcp/#", "mcp/+/#", "+/+/+/+/+"] {
            filters.insert(format!("{ns}/{all}"));
        }
    }
    let mut topics: BTreeSet<String> = filters.clone();
    for filter in &filters {
        topics.extend(near(filter));
    }
    let hostile = [
        "#",
        "+/#",
        "/#",
        "+",
        "$SYS/#",
        "$SYS/broker/uptime",
        "$share/x/#",
        "$share/g/+/#",
        "$share//a",
        "$share/x",
        "$queue/#",
        "$exclusive/#",
        "/",
        "demo",
        "/demo/mcp/tools/a/call",
    ];
    topics.extend(hostile.map(str::to_owned));
    topics
}

/// What differs a little from a filter: a concrete topic of it, fewer and more levels, another case.
fn near(filter: &str) -> Vec<String> {
    let concrete = filter.replace('+', "x").replace('#', "x/y");
    let mut near = vec![
        concrete.to_uppercase(),
        format!("{concrete}/"),
        format!("{concrete}/more"),
        format!("/{concrete}"),
        filter.replace('+', "#"),
    ];
    near.retain(|text| !text.contains("#/"));
    if let Some((parent, _)) = filter.rsplit_once('/') {
        near.extend([
            parent.to_owned(),
            format!("{parent}/+"),
            format!("{parent}/#"),
        ]);
        near.push(
            concrete
                .rsplit_once('/')
                .map_or("x", |(head, _)| head)
                .to_owned(),
        );
    }
    if !filter.starts_with("$share/") {
        near.push(format!("$share/x/{filter}"));
    }
    near.push(concrete);
    near
}
