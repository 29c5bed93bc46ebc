//! The rules of a policy by the name of who is granted them, with the name in place of `{$self}`.
//!
//! For formats that list what each principal may do. How a grant is written is theirs.

use std::collections::BTreeMap;

use super::export::{ExportError, Format};
use super::grants::{Grants, inexpressible};
use super::policy::{Policy, Rule, SELF};
use crate::wire::filter::Subscription;

/// What one principal is granted by one rule.
pub(super) struct Grant<'a> {
    pub(super) rule: &'a Rule,
    /// The rule's filter, without placeholders.
    pub(super) filter: String,
}

impl Grant<'_> {
    /// The filter as a client subscribes to it.
    pub(super) fn subscription(&self) -> String {
        let group = self.rule.share.as_deref();
        let filter = &self.filter;
        Subscription { group, filter }.to_string()
    }

    /// Whether the filter begins with `+` or `#`.
    pub(super) fn leads_with_wildcard(&self) -> bool {
        self.filter.starts_with(['+', '#'])
    }
}

/// The grants of each named principal, in the order of the policy.
pub(super) type Named<'a> = BTreeMap<&'a str, Vec<Grant<'a>>>;

/// The grants of named principals.
pub(super) fn named(grants: Grants<'_>) -> Named<'_> {
    let of = |name: &str, rules: Vec<_>| rules.into_iter().map(|rule| grant(rule, name)).collect();
    let named = grants.named.into_iter();
    named.map(|(name, rules)| (name, of(name, rules))).collect()
}

/// What a rule grants to somebody of this name.
pub(super) fn grant<'a>(rule: &'a Rule, name: &str) -> Grant<'a> {
    let filter = rule.filter.replace(SELF, name);
    Grant { rule, filter }
}

/// The grants by name, for a format that knows its principals by name only.
pub(super) fn all<'a>(
    policy: &'a Policy,
    format: Format,
    why_not_anyone: &'static str,
) -> Result<Named<'a>, ExportError> {
    let grants = Grants::of(policy);
    match grants.anyone.first() {
        None => Ok(named(grants)),
        Some(rule) => {
            let anyone = rule.who.to_string();
            Err(inexpressible(format, rule, &anyone, why_not_anyone))
        }
    }
}
