//! What is wrong with the arguments of a call, in words for people and language models.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One fault in the arguments of a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ArgumentFault {
    /// JSON pointer (RFC 6901) into the arguments: `/filter/from`; empty for the whole object. A
    /// missing property is pointed at where it should be.
    pub pointer: String,
    /// What is wrong, as the end of a sentence that begins with the place: `is required`.
    pub message: String,
}

impl fmt::Display for ArgumentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => write!(f, "arguments: {}", self.message),
            pointer => write!(f, "{pointer}: {}", self.message),
        }
    }
}

/// The arguments of a call do not fit the tool, which therefore did not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidArguments {
    /// All that is wrong, at most 32 faults; never empty.
    pub faults: Vec<ArgumentFault>,
}

impl fmt::Display for InvalidArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}
