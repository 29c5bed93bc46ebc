//! What is counted of a server and of its tools.

use std::time::Duration;

use super::handle::{Counter, Family, Gauge, Histogram, Late, counter, gauge, histogram};
use super::names;
use crate::wire::ErrorKind;

/// How calls of a tool ended: `ok`, the [`ErrorKind`]s in their order, and without an answer.
const OUTCOMES: usize = 8;
const CANCELLED: (usize, &str) = (7, "cancelled");

/// What is counted of one tool. It has series only for what has happened.
#[derive(Debug, Default)]
pub(crate) struct ToolMeter {
    outcomes: [Late<Counter>; OUTCOMES],
    seconds: Late<Histogram>,
}

impl ToolMeter {
    /// A call was answered.
    pub(crate) fn answered(&self, tool: &str, error: Option<ErrorKind>) {
        self.count(tool, outcome(error));
    }

    /// A call was cancelled, and has no answer.
    pub(crate) fn cancelled(&self, tool: &str) {
        self.count(tool, CANCELLED);
    }

    /// A call that ran is answered `time` after it came.
    pub(crate) fn took(&self, tool: &str, time: Duration) {
        let register = || histogram(names::SERVER_SECONDS, &[("tool", tool)]);
        self.seconds.get(register).record(time.as_secs_f64());
    }

    fn count(&self, tool: &str, (at, word): (usize, &'static str)) {
        let register = || counter(names::SERVER_CALLS, &[("tool", tool), ("outcome", word)]);
        if let Some(outcome) = self.outcomes.get(at) {
            outcome.get(register).increment(1);
        }
    }
}

fn outcome(error: Option<ErrorKind>) -> (usize, &'static str) {
    error.map_or((0, "ok"), |kind| (kind as usize + 1, kind.as_str()))
}

/// What became of a call that had come before.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Repeat {
    /// It got the response of the first.
    Replayed,
    /// The first still runs, and answers both.
    Attached,
    /// The response was too large to be kept.
    NotKept,
    /// It has the name of another call.
    Conflicting,
    /// It was cancelled before.
    Cancelled,
}

/// What is counted of a server besides its tools.
#[derive(Debug)]
pub(crate) struct ServerMeter {
    duplicates: Family<5>,
    cancels: Counter,
    notices: Counter,
    retries: Counter,
}

impl ServerMeter {
    pub(crate) fn register() -> Self {
        let words = [
            "replayed",
            "attached",
            "not_kept",
            "conflicting",
            "cancelled",
        ];
        Self {
            duplicates: Family::register(names::SERVER_DUPLICATES, "kind", words),
            cancels: counter(names::SERVER_CANCELS, &[]),
            notices: counter(names::SERVER_NOTICES, &[]),
            retries: counter(names::SERVER_RETRIES, &[]),
        }
    }

    pub(crate) fn repeated(&self, repeat: Repeat) {
        self.duplicates.count(repeat as usize);
    }

    /// A cancel came.
    pub(crate) fn cancel(&self) {
        self.cancels.increment(1);
    }

    /// A caller is told that its call is held.
    pub(crate) fn notice(&self) {
        self.notices.increment(1);
    }

    /// A response is sent again.
    pub(crate) fn response_retry(&self) {
        self.retries.increment(1);
    }
}

/// What is counted of messages that are dropped, for each of `N` reasons.
#[derive(Debug)]
pub(crate) struct RefusalMeter<const N: usize>(Family<N>);

impl<const N: usize> RefusalMeter<N> {
    pub(crate) fn register(reasons: [&'static str; N]) -> Self {
        Self(Family::register(names::SERVER_REFUSED, "reason", reasons))
    }

    /// Counts one of the `at`-th reason.
    pub(crate) fn count(&self, at: usize) {
        self.0.count(at);
    }
}

/// How many calls have a place, and how many wait for one.
#[derive(Debug)]
pub(crate) struct PlacesMeter {
    running: Gauge,
    queued: Gauge,
}

impl PlacesMeter {
    pub(crate) fn register() -> Self {
        Self {
            running: gauge(names::SERVER_RUNNING),
            queued: gauge(names::SERVER_QUEUED),
        }
    }

    pub(crate) fn takes_place(&self) {
        self.running.increment(1.0);
    }

    pub(crate) fn leaves_place(&self) {
        self.running.decrement(1.0);
    }

    pub(crate) fn queues(&self) {
        self.queued.increment(1.0);
    }

    pub(crate) fn leaves_queue(&self) {
        self.queued.decrement(1.0);
    }
}
