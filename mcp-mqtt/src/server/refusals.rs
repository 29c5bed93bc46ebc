//! Counts what is refused or dropped, and logs it without letting a flood of it flood the log.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::meter::RefusalMeter;

/// The time in which a throttle lets so many lines through.
const WINDOW: Duration = Duration::from_secs(10);

/// Why a message led to no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// RETAIN was set: it would run again at each start of a server.
    Retained,
    /// The topic is none that this server serves.
    UnknownTopic,
    /// The payload is no call, and nothing in it says where an answer could go.
    Unanswerable,
    /// The response topic is not the inbox of the caller.
    ForeignResponseTopic,
    /// Another call of the tool streams under the same id.
    TakenStream,
    /// There are too many calls already, and this one is too large or too odd to be told so.
    Overload,
    /// The payload of a cancel is none.
    NoCancel,
}

const KINDS: usize = 7;

/// What each kind is called in the metrics.
const WORDS: [&str; KINDS] = [
    "retained",
    "unknown_topic",
    "unanswerable",
    "foreign_response_topic",
    "taken_stream",
    "overload",
    "no_cancel",
];

impl Refusal {
    fn text(self) -> &'static str {
        match self {
            Self::Retained => {
                "a retained call or cancel was dropped; they must be published without RETAIN"
            }
            Self::UnknownTopic => {
                "a message on a topic that this server does not serve was dropped"
            }
            Self::Unanswerable => {
                "a message that is no call was dropped; it named no inbox for an answer"
            }
            Self::ForeignResponseTopic => {
                "a call was refused: its response topic is not the inbox of its caller"
            }
            Self::TakenStream => "a call has no partial results: another call streams under its id",
            Self::Overload => "a call was dropped: the server has as many calls as it takes",
            Self::NoCancel => "a message that is no cancel was dropped",
        }
    }
}

/// Counters of refusals, one for each kind.
#[derive(Debug)]
pub(super) struct Refusals {
    kinds: [Throttle; KINDS],
    meter: RefusalMeter<KINDS>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            kinds: std::array::from_fn(|_| Throttle::new(1)),
            meter: RefusalMeter::register(WORDS),
        }
    }
}

impl Refusals {
    /// Counts one refusal of a message on `topic`, and logs it if its kind was quiet for a while.
    pub(super) fn count(&self, refusal: Refusal, topic: &str, now: Instant) {
        let Some(kind) = self.kinds.get(refusal as usize) else {
            return;
        };
        self.meter.count(refusal as usize);
        if let Some(skipped) = kind.pass(now) {
            let topic = topic.escape_debug();
            tracing::warn!(%topic, skipped, total = kind.total(), "{}", refusal.text());
        }
    }

    #[cfg(test)]
    pub(super) fn total(&self, refusal: Refusal) -> u64 {
        self.kinds[refusal as usize].total()
    }
}

/// Lets so many log lines through in ten seconds, and counts the others.
#[derive(Debug)]
pub(super) struct Throttle {
    burst: u64,
    state: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    total: u64,
    began: Option<Instant>,
    passed: u64,
    skipped: u64,
}

impl Throttle {
    /// `burst` lines in ten seconds.
    pub(super) fn new(burst: u64) -> Self {
        Self {
            burst,
            state: Mutex::default(),
        }
    }

    /// Counts; `Some(how many were skipped before)` when a line is due.
    pub(super) fn pass(&self, now: Instant) -> Option<u64> {
        let mut window = self.lock();
        window.total += 1;
        let over = |began: Instant| now.saturating_duration_since(began) >= WINDOW;
        if window.began.is_none_or(over) {
            window.began = Some(now);
            window.passed = 0;
        }
        if window.passed < self.burst {
            window.passed += 1;
            return Some(std::mem::take(&mut window.skipped));
        }
        window.skipped += 1;
        None
    }

    fn total(&self) -> u64 {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, Window> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_so_many_lines_in_ten_seconds_and_every_message_is_counted() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let throttle = Throttle::new(2);
        assert_eq!(throttle.pass(start), Some(0));
        assert_eq!(throttle.pass(after(1)), Some(0));
        assert_eq!(throttle.pass(after(2)), None);
        assert_eq!(throttle.pass(after(9)), None);
        assert_eq!(throttle.pass(after(10)), Some(2));
        assert_eq!(throttle.total(), 5);
    }

    #[test]
    fn kinds_are_counted_apart() {
        let refusals = Refusals::default();
        refusals.count(Refusal::Retained, "t", Instant::now());
        refusals.count(Refusal::Unanswerable, "t", Instant::now());
        refusals.count(Refusal::Unanswerable, "t", Instant::now());
        assert_eq!(refusals.total(Refusal::Retained), 1);
        assert_eq!(refusals.total(Refusal::Unanswerable), 2);
        assert_eq!(refusals.total(Refusal::UnknownTopic), 0);
    }
}
