//! What a server bounds, and the values it has when nobody says otherwise.

use std::time::Duration;

/// Bounds of a server. Whoever sends is hostile, so each of them has a default.
///
/// ```
/// use std::time::Duration;
/// use mcp_mqtt::server::Limits;
///
/// let limits = Limits::default().max_in_flight(16).timeout(Duration::from_secs(5));
/// assert_eq!(limits.max_payload, 4 * 1024 * 1024);
/// # let _ = limits;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest payload of a call, in bytes; default 4 MiB. A larger one is `invalid_arguments`.
    pub max_payload: usize,
    /// How many calls may run at the same time; default 1024. One more is `unavailable`.
    pub max_in_flight: usize,
    /// How long a call may run whose tool has no `timeout`; default 60 s.
    pub timeout: Duration,
    /// How long running calls may go on after the server was told to stop; default 10 s.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_payload: 4 * 1024 * 1024,
            max_in_flight: 1024,
            timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// Sets the largest payload of a call, in bytes.
    #[must_use]
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Sets how many calls may run at the same time.
    #[must_use]
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.max_in_flight = calls;
        self
    }

    /// Sets how long a call may run whose tool has no `timeout`.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long running calls may go on after the server was told to stop.
    #[must_use]
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_timeout = timeout;
        self
    }
}
