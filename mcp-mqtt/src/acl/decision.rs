//! The answer of a policy, in a form that explains itself.

use std::fmt;

use super::policy::Rule;

/// Whether something is allowed, and why. Its text is an explanation for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'p> {
    /// Granted by this rule.
    Allowed(&'p Rule),
    /// Not granted.
    Denied(Denial<'p>),
}

impl Decision<'_> {
    /// Whether it is allowed.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// Why something is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial<'p> {
    /// The client has no identity.
    Anonymous,
    /// A publish to what is no topic name: empty, too long, with a wildcard or a NUL.
    InvalidTopic,
    /// A subscription that is no topic filter, or `$share` without a group and a filter.
    InvalidFilter,
    /// This rule grants it, to others.
    NotGranted(&'p Rule),
    /// No rule grants it to anybody, or none grants all of it.
    NoRule,
}

impl fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed(rule) => write!(f, "allowed: {rule} ({})", rule.purpose()),
            Self::Denied(denial) => write!(f, "denied: {denial}"),
        }
    }
}

impl fmt::Display for Denial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("an anonymous client may nothing"),
            Self::InvalidTopic => f.write_str("no valid topic to publish to"),
            Self::InvalidFilter => f.write_str("no valid topic filter to subscribe to"),
            Self::NotGranted(rule) => write!(f, "only {rule} ({})", rule.purpose()),
            Self::NoRule => f.write_str("no single rule grants it to anybody"),
        }
    }
}
