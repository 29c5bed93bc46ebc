//! By whom calls are counted: bounds that hold for each caller go by names that are facts.

use std::sync::Arc;

/// A caller whom the broker vouches for, or all the others: a name that anybody may give is no key, or
/// whoever gives another one each time would have no bounds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Party {
    Verified(Arc<str>),
    Claimed,
}

impl Party {
    /// The caller of a caller-bound topic, if `verified` says that the broker enforces them.
    pub(super) fn new(bound: Option<&str>, verified: bool) -> Self {
        match bound {
            Some(caller) if verified => Self::Verified(caller.into()),
            _ => Self::Claimed,
        }
    }

    pub(super) fn is_verified(&self) -> bool {
        matches!(self, Self::Verified(_))
    }
}
