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
    /// What the broker keeps for its account besides, where it does.
    pub agent_id: Option<String>,
}

impl Client {
    /// The client that bears this name where the broker looks for it. Where it does not look stands
    /// the name of somebody who may more.
    fn named(name: Option<&str>, identity: Identity) -> Self {
        let name = name.map(str::to_owned);
        let mut client = Self {
            username: Some(SERVER.to_owned()),
            client_id: SERVER.to_owned(),
            agent_id: Some(SERVER.to_owned()),
        };
        match identity {
            Identity::ClientId => client.client_id = name.unwrap_or_else(|| "auto-1".to_owned()),
            Identity::AgentId => client.agent_id = name,
            _ => client.username = name,
        }
        client
    }

    /// Its name, of the kind that the policy was exported for.
    pub fn identity(&self, identity: Identity) -> Option<&str> {
        match identity {
            Identity::ClientId => Some(&self.client_id),
            Identity::AgentId => self.agent_id.as_deref(),
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
            let others = topic.contains(SELF).then(|| topic.replace(SELF, "a"));
            for topic in [topic.replace(SELF, &own)].into_iter().chain(others) {
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
            }
        }
    }
    questions
}

/// Topics and filters; the level `{$self}` stands for the name of whoever asks, or somebody else's.
fn topics(case: &Case) -> BTreeSet<String> {
    let mut topics = BTreeSet::new();
    for rule in case.policy.rules() {
        topics.extend(near(&rule.filter));
        if let Some(group) = &rule.share {
            for group in [group, &group.to_uppercase(), &format!("{group}x"), "x"] {
                topics.insert(format!("$share/{group}/{}", rule.filter));
                topics.insert(format!("$share/{group}/#"));
            }
        }
    }
    for scope in &case.scopes {
        for known in [
            "tools/a",
            "tools/unknown",
            "tools/+",
            "servers/+",
            "clients/+",
            "clients/a",
        ] {
            for below in BELOW {
                let filter = format!("{}/mcp/{known}/{below}", scope.namespace);
                topics.insert(filter.replace(['+', '#'], "x"));
                topics.insert(filter);
            }
        }
        for all in ["#", "mcp/#", "mcp/+/#", "mcp/clients/#", "+/+/+/+/+"] {
            topics.insert(format!("{}/{all}", scope.namespace));
        }
    }
    topics.extend(HOSTILE.iter().map(|topic| (*topic).to_owned()));
    topics
}

/// What may lie below a tool, a server or a client, whether or not it is one.
const BELOW: &[&str] = &[
    "card",
    "call",
    "call/#",
    "call/{$self}",
    "stream/+",
    "cancel/{$self}",
    "instances/+",
    "responses",
    "#",
];

/// What is near no rule.
const HOSTILE: &[&str] = &[
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

/// What differs a little from a filter: a concrete topic of it, fewer and more levels, another case.
fn near(filter: &str) -> Vec<String> {
    let concrete = filter.replace('+', "x").replace('#', "x/y");
    let (parent, _) = filter.rsplit_once('/').unwrap_or(("x", ""));
    let mut near = vec![
        filter.to_owned(),
        filter.replace('+', "#"),
        format!("$share/x/{filter}"),
        concrete.to_uppercase(),
        format!("{concrete}/"),
        format!("{concrete}/more"),
        format!("/{concrete}"),
        parent.to_owned(),
        format!("{parent}/+"),
        format!("{parent}/#"),
        concrete,
    ];
    // `#` is last.
    near.retain(|text| !text.contains("#/"));
    near
}
