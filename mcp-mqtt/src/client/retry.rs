//! Whether and when a call is sent again: a state object that is told the time.
//!
//! The rules are those of *Delivery* in the wire format: what never left may leave later, whatever the tool; what may
//! have left is sent again for tools alone that say that running twice does no harm.

use std::time::{Duration, Instant};

/// How long nobody may subscribe to a tool whose card says online: servers come back within that, and the card of one
/// that does not will say so.
const ABSENT_FOR: Duration = Duration::from_secs(2);

/// The shortest wait before the next attempt, doubled each time up to the longest.
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// The connection tells of its loss a moment after its requests did.
const SETTLE: Duration = Duration::from_millis(5);

/// Why an attempt failed in a way that another one may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// It never left.
    NotSent,
    /// The server takes no calls now, and said when it will.
    Unavailable(Option<Duration>),
    /// PUBACK 0x10.
    NoSubscriber,
    /// The connection or the session was lost.
    Lost,
    /// The process that had it died.
    Died,
}

/// When to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Again {
    /// The next attempt begins then.
    pub(super) at: Instant,
    /// If there is no connection by then, the call has failed.
    pub(super) patience: Instant,
}

/// The attempts of one call.
#[derive(Debug)]
pub(super) struct Retries {
    deadline: Instant,
    /// How long a call that never left waits for the connection.
    grace: Duration,
    /// From 0 to 255: spreads those who failed together.
    spread: u8,
    /// Attempts after the first that may have left.
    count: u32,
    absent_since: Option<Instant>,
}

impl Retries {
    pub(super) fn new(deadline: Instant, grace: Duration, spread: u8) -> Self {
        Self {
            deadline,
            grace,
            spread,
            count: 0,
            absent_since: None,
        }
    }

    /// How often the call was sent again.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// When to try again after a failure of a tool that may run twice or not; `None`: not at all.
    pub(super) fn again(
        &mut self,
        reason: Reason,
        repeatable: bool,
        now: Instant,
    ) -> Option<Again> {
        if reason == Reason::NotSent {
            return Some(Again {
                at: now + SETTLE,
                patience: self.deadline.min(now + self.grace),
            });
        }
        if !repeatable {
            return None;
        }
        if reason == Reason::NoSubscriber {
            let since = *self.absent_since.get_or_insert(now);
            if now >= since + ABSENT_FOR {
                return None;
            }
        } else {
            self.absent_since = None;
        }
        let at = now + self.wait(reason);
        if at >= self.deadline {
            return None;
        }
        self.count += 1;
        Some(Again {
            at,
            patience: self.deadline,
        })
    }

    fn wait(&self, reason: Reason) -> Duration {
        let backoff = LONGEST.min(FIRST * 2_u32.pow(self.count.min(8)));
        let wait = match reason {
            Reason::Lost | Reason::Died | Reason::NotSent if self.count == 0 => {
                return Duration::ZERO;
            }
            Reason::Unavailable(Some(after)) => backoff.max(after),
            _ => backoff,
        };
        // Up to a half more.
        wait + wait / 512 * u32::from(self.spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn retries(now: Instant) -> Retries {
        Retries::new(now + 10_000 * MS, 3_000 * MS, 0)
    }

    #[test]
    fn what_never_left_waits_for_the_connection_whatever_the_tool() {
        let now = Instant::now();
        let mut retries = retries(now);
        for repeatable in [false, true] {
            let again = retries.again(Reason::NotSent, repeatable, now).unwrap();
            assert_eq!(again.patience, now + 3_000 * MS);
        }
        assert_eq!(retries.count(), 0);
        let late = now + 9_000 * MS;
        let again = retries.again(Reason::NotSent, false, late).unwrap();
        assert_eq!(
            again.patience,
            now + 10_000 * MS,
            "never beyond the deadline"
        );
    }

    #[test]
    fn what_may_have_left_is_sent_again_only_where_it_does_no_harm() {
        let now = Instant::now();
        for reason in [
            Reason::Unavailable(None),
            Reason::NoSubscriber,
            Reason::Lost,
            Reason::Died,
        ] {
            assert_eq!(retries(now).again(reason, false, now), None, "{reason:?}");
            assert!(
                retries(now).again(reason, true, now).is_some(),
                "{reason:?}"
            );
        }
    }

    #[test]
    fn after_a_loss_or_a_death_at_once_and_then_ever_later() {
        let now = Instant::now();
        let mut retries = retries(now);
        let mut wait = || retries.again(Reason::Died, true, now).unwrap().at - now;
        let waits: Vec<_> = (0..7).map(|_| wait()).collect();
        assert_eq!(waits, [0, 100, 200, 400, 800, 1000, 1000].map(|ms| ms * MS));
        assert_eq!(retries.count(), 7);
    }

    #[test]
    fn the_server_says_when_it_is_available_again() {
        let now = Instant::now();
        let after = |ms: u32| Reason::Unavailable(Some(ms * MS));
        let at = |reason| retries(now).again(reason, true, now).map(|a| a.at - now);
        assert_eq!(at(after(700)), Some(700 * MS));
        assert_eq!(at(after(0)), Some(FIRST), "it is not hammered");
        assert_eq!(at(after(10_000)), None, "the deadline comes first");
        let mut spread = Retries::new(now + 10_000 * MS, MS, 255);
        let wait = spread.again(after(1024), true, now).unwrap().at - now;
        assert!((1500 * MS..1536 * MS).contains(&wait), "{wait:?}");
    }

    #[test]
    fn nobody_there_is_put_up_with_for_two_seconds() {
        let now = Instant::now();
        let mut retries = retries(now);
        assert!(retries.again(Reason::NoSubscriber, true, now).is_some());
        let late = now + ABSENT_FOR;
        assert!(
            retries
                .again(Reason::NoSubscriber, true, late - MS)
                .is_some()
        );
        assert_eq!(retries.again(Reason::NoSubscriber, true, late), None);
        // Somebody was there in between.
        assert!(retries.again(Reason::Died, true, late).is_some());
        assert!(retries.again(Reason::NoSubscriber, true, late).is_some());
    }
}
