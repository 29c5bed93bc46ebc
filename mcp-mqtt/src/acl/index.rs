//! The rules of a policy as a trie of topic levels, and the one evaluator that walks it.
//!
//! A walk visits, for each level of the question, the nodes that cover it: the same text, `+`,
//! `{$self}`. Their number depends on the wildcards in the rules, not on the number of rules.

use std::collections::HashMap;

use super::decision::{Decision, Denial};
use super::policy::{Action, Rule, SELF};
use crate::grammar;
use crate::wire::filter::{self, ALL_LEVELS, ONE_LEVEL, Subscription};

/// Where a node is in [`Index::nodes`].
type NodeId = usize;
/// Where a rule is in the policy.
type RuleId = usize;

#[derive(Default)]
pub(super) struct Index {
    nodes: Vec<Node>,
    publish: Option<NodeId>,
    subscribe: Option<NodeId>,
    groups: HashMap<String, NodeId>,
}

/// The filters that share the levels from the root to here.
#[derive(Default)]
struct Node {
    literal: HashMap<String, NodeId>,
    one_level: Option<NodeId>,
    identity: Option<NodeId>,
    /// The rule whose filter ends here.
    end: Option<RuleId>,
    /// The rule whose filter ends in `#` below here.
    all_below: Option<RuleId>,
}

impl Index {
    /// Of two rules with the same action, group and filter the later one would win: a policy unites
    /// them before.
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        for (id, rule) in rules.iter().enumerate() {
            index.insert(id, rule);
        }
        index
    }

    fn insert(&mut self, id: RuleId, rule: &Rule) {
        let nodes = &mut self.nodes;
        let mut at = match (rule.action, &rule.share) {
            (Action::Publish, _) => *self.publish.get_or_insert_with(|| add(nodes)),
            (Action::Subscribe, None) => *self.subscribe.get_or_insert_with(|| add(nodes)),
            (Action::Subscribe, Some(group)) => match self.groups.get(group) {
                Some(root) => *root,
                None => *self.groups.entry(group.clone()).or_insert(add(nodes)),
            },
        };
        for level in rule.filter.split('/') {
            if level == ALL_LEVELS {
                if let Some(node) = nodes.get_mut(at) {
                    node.all_below = Some(id);
                }
                return;
            }
            let next = nodes.len();
            let Some(node) = nodes.get_mut(at) else {
                return;
            };
            at = match level {
                ONE_LEVEL => *node.one_level.get_or_insert(next),
                SELF => *node.identity.get_or_insert(next),
                text => match node.literal.get(text) {
                    Some(child) => *child,
                    None => *node.literal.entry(text.to_owned()).or_insert(next),
                },
            };
            if at == next {
                nodes.push(Node::default());
            }
        }
        if let Some(node) = nodes.get_mut(at) {
            node.end = Some(id);
        }
    }

    pub(super) fn decide<'p>(
        &self,
        rules: &'p [Rule],
        who: Option<&str>,
        action: Action,
        topic: &str,
    ) -> Decision<'p> {
        let Some(who) = who else {
            return Decision::Denied(Denial::Anonymous);
        };
        let (root, asked) = match action {
            Action::Publish if filter::is_valid_topic(topic) => (self.publish, topic),
            Action::Publish => return Decision::Denied(Denial::InvalidTopic),
            Action::Subscribe => match Subscription::parse(topic) {
                None => return Decision::Denied(Denial::InvalidFilter),
                Some(Subscription { group, filter }) => match group {
                    None => (self.subscribe, filter),
                    Some(group) => (self.groups.get(group).copied(), filter),
                },
            },
        };
        let mut walk = Walk {
            index: self,
            rules,
            who,
            // An identity that is no name could bring wildcards, slashes or `{$self}` into a topic.
            bindable: grammar::caller(who).is_ok(),
            dollar: asked.starts_with('$'),
            denial: Denial::NoRule,
        };
        match root.and_then(|root| walk.from(root, asked)) {
            Some(rule) => Decision::Allowed(rule),
            None => Decision::Denied(walk.denial),
        }
    }
}

fn add(nodes: &mut Vec<Node>) -> NodeId {
    nodes.push(Node::default());
    nodes.len() - 1
}

/// One question under way.
struct Walk<'i, 'p, 'w> {
    index: &'i Index,
    rules: &'p [Rule],
    who: &'w str,
    /// Whether `{$self}` may stand for `who`.
    bindable: bool,
    /// Whether the question begins with `$`, which no leading wildcard covers.
    dollar: bool,
    denial: Denial<'p>,
}

impl<'p> Walk<'_, 'p, '_> {
    fn from(&mut self, root: NodeId, asked: &str) -> Option<&'p Rule> {
        let mut here = vec![root];
        let mut leading = true;
        for level in filter::levels(asked) {
            let wildcards = !(leading && self.dollar);
            let mut next = Vec::new();
            for node in here.iter().filter_map(|id| self.index.nodes.get(*id)) {
                if wildcards && let Some(rule) = self.grants(node.all_below) {
                    return Some(rule);
                }
                if level == ALL_LEVELS {
                    continue;
                }
                next.extend(node.one_level.filter(|_| wildcards));
                if level != ONE_LEVEL {
                    next.extend(node.literal.get(level));
                    next.extend(node.identity.filter(|_| self.bindable && level == self.who));
                }
            }
            here = next;
            leading = false;
        }
        here.iter()
            .filter_map(|id| self.index.nodes.get(*id))
            .find_map(|node| {
                self.grants(node.end)
                    .or_else(|| self.grants(node.all_below))
            })
    }

    /// The rule, if it is granted to whoever asks; else it is kept for the explanation.
    fn grants(&mut self, rule: Option<RuleId>) -> Option<&'p Rule> {
        let rule = self.rules.get(rule?)?;
        if rule.who.include(self.who) {
            return Some(rule);
        }
        if self.denial == Denial::NoRule {
            self.denial = Denial::NotGranted(rule);
        }
        None
    }
}
