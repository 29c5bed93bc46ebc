//! The rules of a policy by the name of who is granted them, with the name in place of `{$self}`.
//!
//! For formats that list what each principal may do. How a grant is written is theirs.

use std::collections::BTreeMap;

use super::export::{ExportError, Format};
use super::policy::{Policy, Principals, Rule, SELF};
use super::purpose::tool_of;

/// What one principal is granted by one rule.
pub(super) struct Grant<'a> {
    pub(super) rule: &'a Rule,
    /// The rule's filter, without placeholders.
    pub(super) filter: String,
}

impl Grant<'_> {
    /// The filter as a client subscribes to it.
    pub(super) fn subscription(&self) -> String {
        match &self.rule.share {
            Some(group) => format!("$share/{group}/{}", self.filter),
            None => self.filter.clone(),
        }
    }

    /// Whether the filter begins with `+` or `#`.
    pub(super) fn leads_with_wildcard(&self) -> bool {
        self.filter.starts_with(['+', '#'])
    }
}

/// The grants of each named principal, in the order of the policy.
pub(super) type Named<'a> = BTreeMap<&'a str, Vec<Grant<'a>>>;

/// The grants by name, and the rules for any authenticated identity.
pub(super) fn split(policy: &Policy) -> (Named<'_>, Vec<&Rule>) {
    let mut named = Named::new();
    let mut anyone = Vec::new();
    for rule in policy.rules() {
        match &rule.who {
            Principals::Anyone => anyone.push(rule),
            Principals::Named(names) => {
                for name in names {
                    let filter = rule.filter.replace(SELF, name);
                    let grants = named.entry(name.as_str()).or_default();
                    grants.push(Grant { rule, filter });
                }
            }
        }
    }
    (named, anyone)
}

/// The grants by name, for a format that knows its principals by name only.
pub(super) fn all<'a>(
    policy: &'a Policy,
    format: Format,
    why_not_anyone: &'static str,
) -> Result<Named<'a>, ExportError> {
    let (named, anyone) = split(policy);
    match anyone.first() {
        None => Ok(named),
        Some(rule) => Err(refusal(format, rule, &rule.who, why_not_anyone)),
    }
}

/// The error for a rule that the format cannot express.
pub(super) fn refusal(
    format: Format,
    rule: &Rule,
    caller: impl ToString,
    reason: &'static str,
) -> ExportError {
    let tool = tool_of(&rule.filter).filter(|tool| *tool != "+");
    ExportError::Inexpressible {
        format,
        tool: tool.map(str::to_owned),
        caller: caller.to_string(),
        topic: rule.subscription(),
        reason,
    }
}
