//! Where brokers match a subscription with a rule level by level, and so grant more than the rule says.
//!
//! Several take the filter that is asked for as if it were a topic: the `+` of a rule then admits the
//! `#` of a subscription, and a rule `#` or `+/…` admits `$share/…` and `$SYS/…`. This is refused where
//! it could deliver anything.

use std::collections::BTreeMap;

use super::export::{ExportError, Format};
use super::grants::inexpressible;
use super::policy::{Action, Policy, Principals, Rule, SELF};
use crate::wire::filter::{ALL_LEVELS, ONE_LEVEL};

/// What a file says of a `+` that admits `#`, if it has any.
const NOTE: &str = "a subscription to `…/#` passes where `…/+` is granted; by this policy nobody may \
                    publish what it matches besides";

/// Whether the last `+` of a rule admits a `#` that brings no message: what it matches besides, this
/// policy lets nobody publish. The note of it, if there is such a rule.
///
/// # Errors
///
/// When somebody may publish what it matches besides.
pub(super) fn hash_for_plus(
    policy: &Policy,
    format: Format,
) -> Result<Option<String>, ExportError> {
    let published = Published::of(policy);
    let mut found = false;
    for rule in policy.rules() {
        if rule.action != Action::Subscribe {
            continue;
        }
        let levels: Vec<_> = rule.filter.split('/').collect();
        let (parent, below) = match levels.as_slice() {
            [parent @ .., ONE_LEVEL] => (parent, true),
            [parent @ .., ONE_LEVEL, ALL_LEVELS] => (parent, false),
            _ => continue,
        };
        found = true;
        let deeper = [parent, &[ONE_LEVEL, ONE_LEVEL, ALL_LEVELS]].concat();
        if published.overlaps(parent) || (below && published.overlaps(&deeper)) {
            return Err(inexpressible(
                format,
                rule,
                &somebody(rule),
                "the broker lets its `+` pass for a `#`, by which messages would arrive that the \
                 rule does not grant; end no granted filter in `+` where topics lie above or below",
            ));
        }
    }
    Ok(found.then(|| NOTE.to_owned()))
}

/// Whether no rule begins with a wildcard.
///
/// # Errors
///
/// When one does.
pub(super) fn leading_wildcards(policy: &Policy, format: Format) -> Result<(), ExportError> {
    let leads =
        |rule: &&Rule| matches!(rule.filter.split('/').next(), Some(ONE_LEVEL | ALL_LEVELS));
    match policy.rules().iter().find(leads) {
        None => Ok(()),
        Some(rule) => Err(inexpressible(
            format,
            rule,
            &somebody(rule),
            "the broker lets a wildcard in the first level match `$share` and `$SYS` too; begin the \
             filter with a namespace",
        )),
    }
}

fn somebody(rule: &Rule) -> String {
    match &rule.who {
        Principals::Named(names) => names.iter().next().cloned().unwrap_or_default(),
        Principals::Anyone => rule.who.to_string(),
    }
}

/// The filters to which somebody may publish, by the levels before their first wildcard.
struct Published<'p>(BTreeMap<Vec<&'p str>, Vec<&'p str>>);

impl<'p> Published<'p> {
    fn of(policy: &'p Policy) -> Self {
        let mut published = BTreeMap::<_, Vec<_>>::new();
        for rule in policy.rules() {
            if rule.action == Action::Publish {
                let levels = rule.filter.split('/').take_while(|level| !is_wild(level));
                let filters = published.entry(levels.collect()).or_default();
                filters.push(rule.filter.as_str());
            }
        }
        Self(published)
    }

    /// Whether somebody may publish a topic of the filter.
    fn overlaps(&self, filter: &[&str]) -> bool {
        let literal: Vec<_> = filter.iter().copied().take_while(|l| !is_wild(l)).collect();
        let above = (0..literal.len()).filter_map(|end| self.0.get(literal.get(..end)?));
        let below = self.0.range(literal.clone()..);
        let below = below.take_while(|(levels, _)| levels.starts_with(&literal));
        let mut near = above.chain(below.map(|(_, filters)| filters)).flatten();
        near.any(|other| overlap(filter, &other.split('/').collect::<Vec<_>>()))
    }
}

fn is_wild(level: &str) -> bool {
    matches!(level, ONE_LEVEL | ALL_LEVELS | SELF)
}

/// Whether some topic belongs to both filters.
fn overlap(one: &[&str], other: &[&str]) -> bool {
    match (one, other) {
        ([], []) | ([ALL_LEVELS], _) | (_, [ALL_LEVELS]) => true,
        ([a, one @ ..], [b, other @ ..]) => {
            (a == b || is_wild(a) || is_wild(b)) && overlap(one, other)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn policy(publish: &str, subscribe: &str) -> Policy {
        let rule = |action, filter: &str| Rule {
            action,
            share: None,
            filter: filter.to_owned(),
            who: Principals::Named(BTreeSet::from(["a".to_owned()])),
        };
        let rules = [
            rule(Action::Publish, publish),
            rule(Action::Subscribe, subscribe),
        ];
        Policy::from_rules(rules)
    }

    #[test]
    fn a_plus_is_refused_where_topics_lie_above_or_below() {
        let refused =
            |publish, subscribe| hash_for_plus(&policy(publish, subscribe), Format::Json).is_err();
        for publish in ["n/a", "n/a/b/c", "n/{$self}", "n/+/b/c/d", "n/#", "+/a/#"] {
            assert!(refused(publish, "n/a/+"), "{publish}");
        }
        for publish in ["n/a/b", "n", "n/b/c/d", "n/a/+", "n/a/{$self}", "n/ab/c/d"] {
            assert!(!refused(publish, "n/a/+"), "{publish}");
        }
        assert!(refused("n/x/a/b/c", "n/+/a/+") && !refused("n/x/b/b/c", "n/+/a/+"));
        assert!(refused("n", "n/+/#") && !refused("n/b/c", "n/+/#"));
    }

    #[test]
    fn a_hash_at_the_end_and_a_plus_in_between_need_no_note() {
        for filter in ["n/#", "n/+/a", "n/a"] {
            let noted = hash_for_plus(&policy("n/a", filter), Format::Json);
            assert_eq!(noted, Ok(None), "{filter}");
        }
    }
}
