//! One fault of the arguments of a call: where, and what, in words for people and language models.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest pointer, in bytes; of a longer one the end is left out, so that it points to a parent.
const MAX_POINTER: usize = 256;
/// The longest text of a fault, in characters.
const MAX_MESSAGE: usize = 200;

/// One fault in the arguments of a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArgumentFault {
    /// JSON pointer (RFC 6901) into the arguments: `/filter/from`; empty for the whole object. A
    /// missing property is pointed at where it should be. At most 256 bytes.
    pub pointer: String,
    /// What is wrong, as the end of a sentence that begins with the place: `is required`. At most
    /// 200 characters.
    pub message: String,
}

impl ArgumentFault {
    /// A fault within those bounds: too long a pointer is cut at a parent, too long a text ends in `…`.
    #[must_use]
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        let (mut pointer, mut message) = (pointer.into(), message.into());
        while pointer.len() > MAX_POINTER {
            pointer.truncate(pointer.rfind('/').unwrap_or(0));
        }
        if message.chars().count() > MAX_MESSAGE {
            message = message.chars().take(MAX_MESSAGE - 1).chain(['…']).collect();
        }
        Self { pointer, message }
    }
}

impl fmt::Display for ArgumentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => write!(f, "arguments: {}", self.message),
            pointer => write!(f, "{pointer}: {}", self.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_end_in_an_ellipsis() {
        let fault = ArgumentFault::new("/a", "é".repeat(500));
        assert_eq!(fault.message.chars().count(), MAX_MESSAGE);
        assert!(fault.message.ends_with('…'));
        let exact = "é".repeat(MAX_MESSAGE);
        assert_eq!(ArgumentFault::new("/a", exact.clone()).message, exact);
    }

    #[test]
    fn long_pointers_are_cut_at_a_parent() {
        let pointer = format!("/a/b/{}", "x".repeat(MAX_POINTER));
        assert_eq!(ArgumentFault::new(pointer, "").pointer, "/a/b");
    }
}
