//! The policy as plain data: rules that grant, and nothing granted otherwise.
//!
//! Where rules come from is `derive` and `json`, how a question is answered `index`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::decision::Decision;
use super::index::Index;
use super::purpose::{Purpose, Role};
use crate::wire::Namespace;
use crate::wire::filter::Subscription;

/// The level of a rule's filter that stands for the identity of whoever asks.
pub const SELF: &str = "{$self}";

/// What a client asks the broker for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Sending a message to a topic.
    Publish,
    /// Receiving the messages of a topic filter.
    Subscribe,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
        })
    }
}

/// Whom a rule grants its action to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principals {
    /// These identities.
    Named(BTreeSet<String>),
    /// Every identity that the broker has authenticated, whatever it is; never an anonymous client.
    Anyone,
}

impl Principals {
    /// One identity.
    pub(crate) fn one(name: &str) -> Self {
        Self::Named(BTreeSet::from([name.to_owned()]))
    }

    /// Whether this identity is among them.
    pub fn include(&self, who: &str) -> bool {
        match self {
            Self::Named(names) => names.contains(who),
            Self::Anyone => true,
        }
    }

    fn is_nobody(&self) -> bool {
        matches!(self, Self::Named(names) if names.is_empty())
    }

    pub(crate) fn unite(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Anyone, _) => {}
            (_, Self::Anyone) => *self = Self::Anyone,
            (Self::Named(names), Self::Named(more)) => names.extend(more),
        }
    }
}

impl fmt::Display for Principals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("any authenticated identity"),
            Self::Named(names) => {
                for (n, name) in names.iter().enumerate() {
                    let comma = if n == 0 { "" } else { ", " };
                    write!(f, "{comma}{name}")?;
                }
                Ok(())
            }
        }
    }
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// What is granted.
    pub action: Action,
    /// The share group to which a subscription is confined; `None` grants the subscription that is
    /// not shared. A publish has none.
    pub share: Option<String>,
    /// The topic filter. A level [`SELF`] stands for the identity of whoever asks.
    pub filter: String,
    /// To whom.
    pub who: Principals,
}

impl Rule {
    /// What the rule is for, as its action and its topic tell.
    pub fn purpose(&self) -> Purpose {
        Purpose::of(self.action, &self.filter)
    }

    /// Whether a caller or a server needs the rule; `None` when its topic is none of this project.
    pub fn role(&self) -> Option<Role> {
        self.purpose().role()
    }

    /// The filter as a client subscribes to it: with `$share/{group}/` when the rule has a group.
    pub fn subscription(&self) -> String {
        let (group, filter) = (self.share.as_deref(), self.filter.as_str());
        Subscription { group, filter }.to_string()
    }

    /// The share key at the end of the group in which a server receives the calls of a tool.
    pub(crate) fn share_key(&self) -> Option<&str> {
        let plain = Namespace::share_group(super::purpose::tool_of(&self.filter)?, None);
        let end = self.share.as_deref()?.strip_prefix(&plain)?;
        end.strip_prefix('.').filter(|key| !key.is_empty())
    }
}

/// For people and logs: of a share group that ends in a share key, the key is left out.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} may {} `", self.who, self.action)?;
        if let Some(group) = &self.share {
            let tool = super::purpose::tool_of(&self.filter);
            let plain = tool.map(|tool| Namespace::share_group(tool, None));
            match plain {
                Some(plain) if *group == plain => write!(f, "$share/{plain}/")?,
                Some(plain) if self.share_key().is_some() => write!(f, "$share/{plain}.…/")?,
                _ => f.write_str("$share/…/")?,
            }
        }
        write!(f, "{}`", self.filter)
    }
}

/// What a broker is to allow; what no rule grants is denied.
///
/// A policy is made by [`Policy::derive`] or read by [`Policy::from_json`]. It is in a fixed order, with one rule for
/// each action, group and filter, so that equal grants are equal values and equal exports.
/// A clone shares its data.
#[derive(Clone)]
pub struct Policy(Arc<Inner>);

struct Inner {
    rules: Vec<Rule>,
    index: OnceLock<Index>,
}

impl Policy {
    /// The policy of these rules: united where only their principals differ, ordered, without those
    /// that grant nobody anything. The caller vouches for names and filters.
    pub(crate) fn from_rules(rules: impl IntoIterator<Item = Rule>) -> Self {
        let mut united = BTreeMap::new();
        for rule in rules {
            if rule.who.is_nobody() {
                continue;
            }
            let place = (rule.purpose(), rule.action, rule.filter, rule.share);
            match united.entry(place) {
                std::collections::btree_map::Entry::Vacant(empty) => {
                    empty.insert(rule.who);
                }
                std::collections::btree_map::Entry::Occupied(mut there) => {
                    there.get_mut().unite(rule.who);
                }
            }
        }
        let rules = united
            .into_iter()
            .map(|((_, action, filter, share), who)| Rule {
                action,
                share,
                filter,
                who,
            })
            .collect();
        let index = OnceLock::new();
        Self(Arc::new(Inner { rules, index }))
    }

    /// The rules, in their fixed order.
    pub fn rules(&self) -> &[Rule] {
        &self.0.rules
    }

    /// Whether `who` may do this, and by which rule or why not. `None` is an anonymous client, who
    /// may nothing.
    ///
    /// `topic` is a topic name for a publish; for a subscribe it is a topic filter, possibly
    /// `$share/{group}/…`. A filter is granted only if *one* rule of its group covers all of it;
    /// several rules are not added up.
    ///
    /// The cost grows with the levels of the topic, not with the number of rules: the first decision
    /// builds an index, which every clone shares.
    pub fn decide(&self, who: Option<&str>, action: Action, topic: &str) -> Decision<'_> {
        let index = self.0.index.get_or_init(|| Index::new(&self.0.rules));
        index.decide(&self.0.rules, who, action, topic)
    }
}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.rules() == other.rules()
    }
}

impl Eq for Policy {}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Policy").field(&self.rules()).finish()
    }
}
