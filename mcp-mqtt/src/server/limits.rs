//! What a server bounds, and the values it has when nobody says otherwise.

use std::time::Duration;

/// Bounds of a server. Whoever sends is hostile, so each of them has a default.
///
/// ```
/// use std::time::Duration;
/// use mcp_mqtt::server::{Limits, Rate};
///
/// let limits = Limits::default()
///     .max_in_flight(16)
///     .queue(200)
///     .rate(Rate::new(50, 100))
///     .timeout(Duration::from_secs(5));
/// assert_eq!(limits.max_payload, 4 * 1024 * 1024);
/// # let _ = limits;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest payload of a call, in bytes; default 4 MiB. A larger one is `invalid_arguments`.
    pub max_payload: usize,
    /// How many calls may run at the same time, from 1; default 1024. The next ones wait in the queue.
    pub max_in_flight: usize,
    /// How many calls may wait for a place, up to 65 535; default 4096. One more is `unavailable`; with 0
    /// that is every call that cannot run at once. Of this and of `queue_bytes` one caller takes half, where
    /// callers are told apart as for `max_per_caller`.
    pub queue: usize,
    /// How many bytes of payload may wait; default 64 MiB. A call beyond that is `unavailable`.
    pub queue_bytes: usize,
    /// How many of the running calls may be of one caller, from 1; default half of `max_in_flight`.
    ///
    /// Callers are told apart where the broker vouches for their names; all whose names are mere claims
    /// count as one caller there. Where it vouches for nobody, this has no effect.
    pub max_per_caller: Option<usize>,
    /// How often one caller may call; default as often as it likes. One more is `unavailable`.
    ///
    /// All callers whose names are mere claims count as one.
    pub rate: Option<Rate>,
    /// A call that is neither refused nor answered after this time is told so, if it asked for that;
    /// default and most 250 ms.
    pub accept_after: Duration,
    /// How many answered calls of one caller are remembered, so that a repeat gets the same response
    /// and does not run; default 4096, for five minutes at most. All callers whose names are mere claims
    /// count as one.
    pub remembered: usize,
    /// How long a call may run whose tool has no `timeout`; default 60 s.
    pub timeout: Duration,
    /// How long running calls may go on after the server was told to stop; default 10 s.
    pub drain_timeout: Duration,
}

/// How often one caller may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rate {
    /// Calls in a second, from 1, in the long run.
    pub per_second: u32,
    /// Calls at once, from 1, after a pause.
    pub burst: u32,
}

impl Rate {
    /// So many calls in a second in the long run, and so many at once after a pause.
    #[must_use]
    pub const fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second, burst }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_payload: 4 * 1024 * 1024,
            max_in_flight: 1024,
            queue: 4096,
            queue_bytes: 64 * 1024 * 1024,
            max_per_caller: None,
            rate: None,
            accept_after: crate::wire::ACCEPT_AFTER,
            remembered: 4096,
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

    /// Sets how many calls may wait for a place.
    #[must_use]
    pub fn queue(mut self, calls: usize) -> Self {
        self.queue = calls;
        self
    }

    /// Sets how many bytes of payload may wait.
    #[must_use]
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Sets how many of the running calls may be of one caller.
    #[must_use]
    pub fn max_per_caller(mut self, calls: usize) -> Self {
        self.max_per_caller = Some(calls);
        self
    }

    /// Sets how often one caller may call.
    #[must_use]
    pub fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Sets after how long a caller that asked for it is told that its call is held.
    #[must_use]
    pub fn accept_after(mut self, time: Duration) -> Self {
        self.accept_after = time;
        self
    }

    /// Sets how many answered calls of one caller are remembered.
    #[must_use]
    pub fn remembered(mut self, calls: usize) -> Self {
        self.remembered = calls;
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

    /// The places that one caller may hold.
    pub(super) fn per_caller(&self) -> usize {
        let half = self.max_in_flight.div_ceil(2);
        self.max_per_caller.unwrap_or(half)
    }
}
