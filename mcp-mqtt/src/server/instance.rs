//! The name of one process of a server: new at each start, and the same over reconnects.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::random;

/// One process of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instance {
    /// Unlike that of any other process; fit for a topic.
    pub(super) name: String,
    /// In milliseconds since 1970-01-01 UTC.
    pub(super) started_ms: u64,
}

impl Instance {
    /// A new one, of now.
    pub(super) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = since.map_or(0, |since| since.as_millis());
        Self {
            name: random::suffix(),
            started_ms: u64::try_from(millis).unwrap_or(u64::MAX),
        }
    }
}
