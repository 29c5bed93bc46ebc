//! Who calls. How an identity is established is the business of `server`.

use std::fmt;

/// The caller of a tool, and whether its name is a fact.
///
/// A name is *verified* where the broker enforces the policy and the call came in on the caller's
/// own topic; everywhere else it is what the peer says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    name: String,
    verified: bool,
}

impl Caller {
    pub(crate) fn claimed(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            verified: false,
        }
    }

    pub(crate) fn verified(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            verified: true,
        }
    }

    /// The name, as in `allowed_callers`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the broker vouches for the name. A claimed name is good for logs, not for decisions.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.verified
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.verified {
            f.write_str(" (claimed)")?;
        }
        Ok(())
    }
}
