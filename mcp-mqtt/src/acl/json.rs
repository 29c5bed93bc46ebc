//! ACL v2, the policy as JSON: written and read.
//!
//! The format is that of the draft "MCP over MQTT" v0.1, section 8: a document of version "2" whose
//! rules bind topics to `agent_id`s; a rule without `agents` is for any identity that has one. A
//! share group stands in the topic, as a client subscribes to it.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};

use super::export::{self, Export, ExportError, ExportOptions, Format, Identity};
use super::grants;
use super::policy::{Action, Policy, Principals, Rule, SELF};
use crate::grammar;
use crate::wire::filter::{ALL_LEVELS, ONE_LEVEL, Subscription};

const VERSION: &str = "2";
const DEFAULT: &str = "deny";
const BINDING: &str = "agent_id";
/// The most levels of a topic filter that is read.
const MAX_LEVELS: usize = 128;
/// The longest share group that is read, in bytes.
const MAX_GROUP: usize = 256;

#[derive(Serialize)]
struct Written<'a> {
    topic: String,
    action: &'a str,
    binding: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agents: Option<&'a BTreeSet<String>>,
}

/// One rule a line.
pub(super) fn export(policy: &Policy, options: &ExportOptions) -> Result<Export, ExportError> {
    match options.identity {
        // `agent_id` is what the broker calls a client; that may well be its user name.
        Identity::Username | Identity::AgentId => {}
        Identity::ClientId | Identity::CertCn => {
            return Err(ExportError::Identity {
                format: Format::Json,
                identity: options.identity,
                advice: "it binds by `agent_id`; use `agent-id` or `username`",
            });
        }
    }
    let rules: Vec<_> = policy.rules().iter().map(line).collect();
    let body = match rules.is_empty() {
        true => "[]".to_owned(),
        false => format!("[\n    {}\n  ]", rules.join(",\n    ")),
    };
    let text = format!(
        "{{\n  \"version\": \"{VERSION}\",\n  \"default\": \"{DEFAULT}\",\n  \"rules\": {body}\n}}\n"
    );
    let mut notes = export::notes(policy);
    if grants::holds_share_key(policy, options) {
        notes.push("the server's rules hold the share key: keep the file secret".to_owned());
    }
    Ok(Export {
        text,
        warnings: export::open_tools(policy),
        notes,
    })
}

fn line(rule: &Rule) -> String {
    let written = Written {
        topic: rule.subscription(),
        action: match rule.action {
            Action::Publish => "pub",
            Action::Subscribe => "sub",
        },
        binding: BINDING,
        agents: match &rule.who {
            Principals::Named(names) => Some(names),
            Principals::Anyone => None,
        },
    };
    // Strings and a set of strings: there is nothing that could fail.
    serde_json::to_string(&written).unwrap_or_default()
}

/// A text is no policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No JSON, or JSON of another shape. The source names line and column.
    #[error("no policy: {0}; expected {{\"version\":\"2\",\"default\":\"deny\",\"rules\":[…]}}")]
    Json(#[from] serde_json::Error),
    /// Another version of the format.
    #[error("the policy has version {0}; this program reads version \"2\", as a string")]
    Version(String),
    /// A policy that does not deny by default.
    #[error("the policy has the default `{}`; only `deny` can be enforced", .0.escape_debug())]
    Default(String),
    /// A rule that must not become one of a broker.
    #[error("rules[{index}].{field}: `{}` {reason}", .value.escape_debug())]
    Rule {
        /// Its place among the rules, from 0.
        index: usize,
        /// The field.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(expecting = "a policy, which is an object")]
struct Head {
    version: serde_json::Value,
    /// Members by name alone: without this a list would do as well.
    #[serde(flatten)]
    _more: serde::de::IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a policy, which is an object")]
struct Document {
    #[serde(rename = "version")]
    _version: String,
    default: String,
    rules: Vec<Read>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a rule, which is an object")]
struct Read {
    topic: String,
    action: String,
    binding: String,
    #[serde(default, deserialize_with = "listed")]
    agents: Option<Vec<String>>,
}

/// A list that is there. Only an absent one means any identity: `null` may be the slip of a program.
fn listed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}

impl Policy {
    /// Reads ACL v2. What [`Policy::export`] wrote is read back as an equal policy.
    ///
    /// Every name is checked, so that nothing in the text can become another rule in the format of
    /// some broker.
    ///
    /// # Errors
    ///
    /// When the text is no JSON, of another version or shape, has an unknown field, or a rule has an
    /// unknown word, an invalid topic filter or a name against the grammar; with the place.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        // The version first: a newer one may well have fields that are unknown here.
        let head: Head = serde_json::from_str(text)?;
        if head.version != VERSION {
            return Err(ReadError::Version(head.version.to_string()));
        }
        let document: Document = serde_json::from_str(text)?;
        if document.default != DEFAULT {
            return Err(ReadError::Default(document.default));
        }
        let rules = document.rules.into_iter().enumerate();
        let rules: Result<Vec<_>, _> = rules
            .map(|(index, read)| {
                rule(read).map_err(|(field, value, reason)| ReadError::Rule {
                    index,
                    field,
                    value,
                    reason,
                })
            })
            .collect();
        Ok(Self::from_rules(rules?))
    }
}

/// The field, what stands there, what is wrong with it.
type Fault = (&'static str, String, String);

fn rule(read: Read) -> Result<Rule, Fault> {
    let action = match read.action.as_str() {
        "pub" => Action::Publish,
        "sub" => Action::Subscribe,
        _ => return Err(("action", read.action, "is neither `pub` nor `sub`".into())),
    };
    if read.binding != BINDING {
        return Err(("binding", read.binding, format!("is not `{BINDING}`")));
    }
    let (share, filter) =
        topic(action, &read.topic).map_err(|reason| ("topic", shown(&read.topic), reason))?;
    let who = match read.agents {
        None => Principals::Anyone,
        Some(names) => Principals::Named(agents(names)?),
    };
    Ok(Rule {
        action,
        share,
        filter,
        who,
    })
}

fn topic(action: Action, text: &str) -> Result<(Option<String>, String), String> {
    let Some(Subscription { group, filter }) = Subscription::parse(text) else {
        return Err("is no valid topic filter".to_owned());
    };
    if let Some(group) = group {
        if action == Action::Publish {
            return Err("is a shared subscription; nothing can be published to one".to_owned());
        }
        // The name of a tool and a key may stand in it, so it can be longer than a name.
        let plain = |c: char| grammar::server(c.encode_utf8(&mut [0; 4])).is_ok();
        if group.len() > MAX_GROUP || !group.chars().all(plain) {
            return Err(format!(
                "has a share group that is not 1-{MAX_GROUP} of A-Z a-z 0-9 _ - ."
            ));
        }
    }
    if filter.split('/').count() > MAX_LEVELS {
        return Err(format!("has more than {MAX_LEVELS} levels"));
    }
    for level in filter.split('/') {
        if !matches!(level, ONE_LEVEL | ALL_LEVELS | SELF) && grammar::server(level).is_err() {
            grammar::caller(level).map_err(|fault| format!("has a level that {fault}"))?;
        }
    }
    Ok((group.map(str::to_owned), filter.to_owned()))
}

/// A topic for an error: a share group may hold the share key.
fn shown(topic: &str) -> String {
    match topic
        .strip_prefix("$share/")
        .map(|rest| rest.split_once('/'))
    {
        Some(Some((_, filter))) => format!("$share/…/{filter}"),
        Some(None) => "$share/…".to_owned(),
        None => topic.to_owned(),
    }
}

fn agents(names: Vec<String>) -> Result<BTreeSet<String>, Fault> {
    if names.is_empty() {
        let reason = "grants nobody anything; leave the rule out, or leave `agents` out for any \
                      identity";
        return Err(("agents", "[]".to_owned(), reason.to_owned()));
    }
    for name in &names {
        if let Err(fault) = grammar::caller(name) {
            return Err(("agents", name.clone(), fault.to_string()));
        }
    }
    Ok(names.into_iter().collect())
}
