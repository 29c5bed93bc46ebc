//! What is counted of a client. Tools are no label here: their names come from whoever calls, a model perhaps.

use std::time::Instant;

use super::handle::{Counter, Family, Gauge, Histogram, counter, gauge, histogram};
use super::names;

/// How a call ended, for the client that made it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ended {
    Ok,
    InvalidArguments,
    Unauthorized,
    ToolError,
    Timeout,
    Unavailable,
    ServerDied,
    Connection,
    NotTaken,
    BadResponse,
    /// It was not sent, for a reason that lies with this client.
    NotSent,
    /// Nobody waits for it any more.
    GivenUp,
}

const WORDS: [&str; 12] = [
    "ok",
    "invalid_arguments",
    "unauthorized",
    "tool_error",
    "timeout",
    "unavailable",
    "server_died",
    "connection",
    "not_taken",
    "bad_response",
    "not_sent",
    "given_up",
];

impl Ended {
    /// The value of the label.
    pub(crate) fn word(self) -> &'static str {
        WORDS.get(self as usize).copied().unwrap_or_default()
    }
}

#[derive(Debug)]
pub(crate) struct ClientMeter {
    calls: Family<{ WORDS.len() }>,
    seconds: Histogram,
    pending: Gauge,
    retries: Counter,
    cancels: Counter,
}

impl ClientMeter {
    pub(crate) fn register() -> Self {
        Self {
            calls: Family::register(names::CLIENT_CALLS, "outcome", WORDS),
            seconds: histogram(names::CLIENT_SECONDS, &[]),
            pending: gauge(names::CLIENT_PENDING),
            retries: counter(names::CLIENT_RETRIES, &[]),
            cancels: counter(names::CLIENT_CANCELS, &[]),
        }
    }

    pub(crate) fn begins(&self) {
        self.pending.increment(1.0);
    }

    /// A call that began at `since` has ended.
    pub(crate) fn ends(&self, how: Ended, since: Instant) {
        self.pending.decrement(1.0);
        self.calls.count(how as usize);
        self.seconds.record(since.elapsed().as_secs_f64());
    }

    /// A call is sent again.
    pub(crate) fn retry(&self) {
        self.retries.increment(1);
    }

    /// A cancel is sent.
    pub(crate) fn cancel(&self) {
        self.cancels.increment(1);
    }
}
