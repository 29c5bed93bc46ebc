//! What changes from one policy to another: who gains, and who loses.

use std::collections::{BTreeSet, HashMap};

use super::policy::{Action, Policy, Principals, Rule, SELF};
use crate::wire::filter::{self, ALL_LEVELS, ONE_LEVEL};

/// The difference of two policies, as grants. What another rule of the same policy covers is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PolicyDiff {
    /// What the new policy grants and the old one did not; each rule names those who gain.
    pub gained: Vec<Rule>,
    /// What the old policy granted and the new one does not; each rule names those who lose.
    pub lost: Vec<Rule>,
}

impl PolicyDiff {
    /// Whether both policies grant the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty()
    }
}

impl Policy {
    /// What changes when this policy takes the place of `old`.
    #[must_use]
    pub fn diff(&self, old: &Self) -> PolicyDiff {
        PolicyDiff {
            gained: beyond(self, old),
            lost: beyond(old, self),
        }
    }
}

/// What `policy` grants and `base` does not.
fn beyond(policy: &Policy, base: &Policy) -> Vec<Rule> {
    let base = Base::new(base);
    let rules = policy.rules().iter();
    rules
        .filter_map(|rule| {
            let who = base.without(rule)?;
            Some(Rule {
                who,
                ..rule.clone()
            })
        })
        .collect()
}

/// The rules of a policy, found by what they grant.
struct Base<'p> {
    policy: &'p Policy,
    exact: HashMap<(Action, Option<&'p str>, &'p str), &'p Principals>,
    /// Rules with wildcards, which can cover another filter than their own.
    wide: Vec<&'p Rule>,
}

impl<'p> Base<'p> {
    fn new(policy: &'p Policy) -> Self {
        let wide = |rule: &&Rule| {
            let mut levels = rule.filter.split('/');
            levels.any(|level| matches!(level, ONE_LEVEL | ALL_LEVELS))
        };
        Self {
            policy,
            exact: policy
                .rules()
                .iter()
                .map(|rule| (key(rule), &rule.who))
                .collect(),
            wide: policy.rules().iter().filter(wide).collect(),
        }
    }

    /// Those to whom `rule` grants what these rules do not; `None` if there is nobody.
    fn without(&self, rule: &Rule) -> Option<Principals> {
        let exact = self.exact.get(&key(rule));
        match &rule.who {
            Principals::Anyone => {
                let covered = exact == Some(&&Principals::Anyone)
                    || self.wide.iter().any(|base| {
                        base.who == Principals::Anyone
                            && alike(base, rule)
                            && filter::contains(&base.filter, &rule.filter)
                    });
                (!covered).then_some(Principals::Anyone)
            }
            Principals::Named(names) => {
                let gone: BTreeSet<String> = names
                    .iter()
                    .filter(|name| !exact.is_some_and(|who| who.include(name)))
                    .filter(|name| !self.covers(rule, name))
                    .cloned()
                    .collect();
                (!gone.is_empty()).then_some(Principals::Named(gone))
            }
        }
    }

    fn covers(&self, rule: &Rule, name: &str) -> bool {
        let asked = rule.filter.replace(SELF, name);
        // A topic, or any subscription: the policy can be asked. That is quick, and there are many.
        if rule.action == Action::Subscribe || filter::is_valid_topic(&asked) {
            let topic = rule.subscription().replace(SELF, name);
            return self
                .policy
                .decide(Some(name), rule.action, &topic)
                .is_allowed();
        }
        self.wide.iter().any(|base| {
            base.who.include(name)
                && alike(base, rule)
                && filter::contains(&base.filter.replace(SELF, name), &asked)
        })
    }
}

fn key(rule: &Rule) -> (Action, Option<&str>, &str) {
    (rule.action, rule.share.as_deref(), &rule.filter)
}

fn alike(one: &Rule, other: &Rule) -> bool {
    one.action == other.action && one.share == other.share
}
