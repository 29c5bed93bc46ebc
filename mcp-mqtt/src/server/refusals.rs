//! Counts what is refused or dropped, and logs it without letting a flood of it flood the log.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// At most one log line of a kind in this time.
const LOG_EVERY: Duration = Duration::from_secs(10);

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
    /// There are too many calls already, and this one is too large or too odd to be told so.
    Overload,
}

const KINDS: usize = 5;

impl Refusal {
    fn text(self) -> &'static str {
        match self {
            Self::Retained => "a retained call was dropped; calls must be published without RETAIN",
            Self::UnknownTopic => {
                "a message on a topic that this server does not serve was dropped"
            }
            Self::Unanswerable => {
                "a message that is no call was dropped; it named no inbox for an answer"
            }
            Self::ForeignResponseTopic => {
                "a call was refused: its response topic is not the inbox of its caller"
            }
            Self::Overload => "a call was dropped: the server has as many calls as it takes",
        }
    }
}

/// Counters of refusals, one for each kind.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    kinds: [Mutex<Counter>; KINDS],
}

#[derive(Debug, Default)]
struct Counter {
    total: u64,
    unlogged: u64,
    logged: Option<Instant>,
}

impl Refusals {
    /// Counts one refusal of a message on `topic`, and logs it if its kind was quiet for a while.
    pub(super) fn count(&self, refusal: Refusal, topic: &str, now: Instant) {
        let Some(kind) = self.kinds.get(refusal as usize) else {
            return;
        };
        let mut counter = kind
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(skipped) = counter.hit(now) {
            let total = counter.total;
            drop(counter);
            let topic = topic.escape_debug();
            tracing::warn!(%topic, skipped, total, "{}", refusal.text());
        }
    }

    #[cfg(test)]
    pub(super) fn total(&self, refusal: Refusal) -> u64 {
        self.kinds[refusal as usize].lock().unwrap().total
    }
}

impl Counter {
    /// Counts; `Some(how many were not logged)` when a line is due.
    fn hit(&mut self, now: Instant) -> Option<u64> {
        self.total += 1;
        let due = self
            .logged
            .is_none_or(|last| now.saturating_duration_since(last) >= LOG_EVERY);
        if due {
            self.logged = Some(now);
            return Some(std::mem::take(&mut self.unlogged));
        }
        self.unlogged += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_line_in_ten_seconds_and_every_message_is_counted() {
        let start = Instant::now();
        let mut counter = Counter::default();
        assert_eq!(counter.hit(start), Some(0));
        assert_eq!(counter.hit(start + Duration::from_secs(1)), None);
        assert_eq!(counter.hit(start + Duration::from_secs(9)), None);
        assert_eq!(counter.hit(start + Duration::from_secs(10)), Some(2));
        assert_eq!(counter.total, 4);
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
