//! EMQX 5, `acl.conf`: docs.emqx.com, "Use ACL File" (the tuples and their order) and "Authorization"
//! (placeholders); that file's own comments; how a filter is matched is what its sources do
//! (`emqx_authz_rule`, `emqx_topic`).
//!
//! The first tuple decides whose client condition, action and one topic match; after the last, the
//! configured `no_match` does, which the file asks to be `deny`. A subscription is matched by its
//! filter without `$share/{group}/`, word by word, so that `+` matches the word `#`; a wildcard at the
//! beginning matches nothing that begins with `$`. A placeholder without a value, or with `+`, `#` or
//! `/` in it, matches nothing.

use fancy_regex::Regex;
use mcp_mqtt::acl::Action;

use super::erlang::{self, Term};
use super::topics;
use crate::agreement::Evaluator;
use crate::questions::Client;

/// The rules in the order in which they are tried.
pub struct Rules(pub Vec<Rule>);

pub struct Rule {
    pub allow: bool,
    pub who: Who,
    /// `None`: both.
    pub action: Option<Action>,
    /// The retain flag that a publish must have; `None`: any.
    pub retain: Option<bool>,
    /// `None`: every topic.
    pub topics: Option<Vec<Topic>>,
}

pub enum Who {
    All,
    Or(Vec<Who>),
    Is(Attribute, String),
    Matches(Attribute, Regex),
}

#[derive(Clone, Copy)]
pub enum Attribute {
    Username,
    ClientId,
    AgentId,
}

pub enum Topic {
    Equal(String),
    Filter(String),
}

pub fn read(text: &str) -> Box<dyn Evaluator> {
    Box::new(Rules(erlang::terms(text).iter().map(rule).collect()))
}

fn rule(term: &Term) -> Rule {
    let (permission, who, action, topics) = match term.tuple() {
        [permission, who] => (permission, who, None, None),
        [permission, who, action, topics] => (permission, who, Some(action), Some(topics)),
        _ => panic!("{term:?}"),
    };
    let (action, retain) = action.map_or((None, None), self::action);
    Rule {
        allow: match permission.atom() {
            "allow" => true,
            "deny" => false,
            other => panic!("{other}"),
        },
        who: self::who(who),
        action,
        retain,
        topics: topics.map(|topics| topics.list().iter().map(topic).collect()),
    }
}

fn action(term: &Term) -> (Option<Action>, Option<bool>) {
    if let Term::Tuple(parts) = term {
        let [action, options] = parts.as_slice() else {
            panic!("{term:?}")
        };
        let mut retain = options.list().iter().map(|option| match option.tuple() {
            [name, value] if name.atom() == "retain" => value.atom() == "true",
            _ => panic!("{option:?}"),
        });
        return (self::action(action).0, retain.next_back());
    }
    let action = match term.atom() {
        "publish" => Some(Action::Publish),
        "subscribe" => Some(Action::Subscribe),
        "all" => None,
        other => panic!("{other}"),
    };
    (action, None)
}

fn who(term: &Term) -> Who {
    if let Term::Atom(all) = term {
        assert_eq!(all, "all");
        return Who::All;
    }
    let (attribute, value) = match term.tuple() {
        [or, several] if or.atom() == "or" => {
            return Who::Or(several.list().iter().map(who).collect());
        }
        [name, value] if matches!(name.atom(), "username" | "user") => (Attribute::Username, value),
        [name, value] if matches!(name.atom(), "clientid" | "client") => {
            (Attribute::ClientId, value)
        }
        [name, key, value] if name.atom() == "client_attr" && key.text() == "agent_id" => {
            (Attribute::AgentId, value)
        }
        _ => panic!("{term:?}"),
    };
    match value {
        Term::Text(value) => Who::Is(attribute, value.clone()),
        pattern => match pattern.tuple() {
            [re, pattern] if re.atom() == "re" => {
                Who::Matches(attribute, Regex::new(pattern.text()).unwrap())
            }
            _ => panic!("{term:?}"),
        },
    }
}

fn topic(term: &Term) -> Topic {
    match term {
        Term::Tuple(parts) => match parts.as_slice() {
            [eq, topic] if eq.atom() == "eq" => Topic::Equal(topic.text().to_owned()),
            _ => panic!("{term:?}"),
        },
        text => Topic::of(text.text()),
    }
}

impl Topic {
    pub fn of(text: &str) -> Self {
        match text.strip_prefix("eq ") {
            Some(literal) => Self::Equal(literal.to_owned()),
            None => Self::Filter(text.to_owned()),
        }
    }

    fn matches(&self, client: &Client, asked: &str) -> bool {
        match self {
            Self::Equal(topic) => topic == asked,
            Self::Filter(filter) => {
                rendered(filter, client).is_some_and(|filter| topics::matches(&filter, asked))
            }
        }
    }
}

fn rendered(filter: &str, client: &Client) -> Option<String> {
    let mut filter = filter.to_owned();
    for (placeholder, attribute) in [
        ("${username}", Attribute::Username),
        ("${clientid}", Attribute::ClientId),
        ("${client_attrs.agent_id}", Attribute::AgentId),
    ] {
        if filter.contains(placeholder) {
            let value = attribute.of(client)?;
            if value.contains(['+', '#', '/']) {
                return None;
            }
            filter = filter.replace(placeholder, value);
        }
    }
    Some(filter)
}

impl Attribute {
    fn of(self, client: &Client) -> Option<&str> {
        match self {
            Self::Username => client.username.as_deref(),
            Self::ClientId => Some(&client.client_id),
            Self::AgentId => client.agent_id.as_deref(),
        }
    }
}

impl Who {
    fn includes(&self, client: &Client) -> bool {
        match self {
            Self::All => true,
            Self::Or(several) => several.iter().any(|who| who.includes(client)),
            Self::Is(attribute, value) => attribute.of(client) == Some(value),
            Self::Matches(attribute, pattern) => attribute
                .of(client)
                .is_some_and(|value| pattern.is_match(value).unwrap()),
        }
    }
}

impl Rules {
    /// What the first rule that matches says.
    pub fn decision(
        &self,
        client: &Client,
        action: Action,
        retain: bool,
        asked: &str,
    ) -> Option<bool> {
        let asked = match action {
            Action::Publish => asked,
            Action::Subscribe => match topics::subscription(asked) {
                Some((_, filter)) => filter,
                None => return Some(false),
            },
        };
        let matches = |rule: &&Rule| {
            let flag = action == Action::Subscribe || rule.retain.is_none_or(|flag| flag == retain);
            let topics = rule.topics.as_ref();
            rule.action.is_none_or(|wanted| wanted == action)
                && flag
                && rule.who.includes(client)
                && topics.is_none_or(|all| all.iter().any(|topic| topic.matches(client, asked)))
        };
        self.0.iter().find(matches).map(|rule| rule.allow)
    }
}

impl Evaluator for Rules {
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool {
        self.decision(client, action, false, topic) == Some(true)
    }

    fn allows_retained(&self, client: &Client, topic: &str) -> bool {
        self.decision(client, Action::Publish, true, topic) == Some(true)
    }
}
