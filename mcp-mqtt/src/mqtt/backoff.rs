//! How long to wait before the next connection attempt. Knows no clock and no socket.

use std::time::Duration;

/// The first attempt after a loss comes within this time.
const FIRST: Duration = Duration::from_millis(500);

/// No wait is longer than this.
const LONGEST: Duration = Duration::from_secs(30);

/// A connection that lived this long ends the series. Not the CONNACK: a broker that accepts and closes at once,
/// or two clients that take each other over, would otherwise be retried without any wait.
pub(super) const STABLE: Duration = Duration::from_secs(5);

/// Exponential back-off with full jitter: each wait is uniform between zero and a bound that doubles, so that the
/// clients of a broker that restarts do not all return at the same moment.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait before the next attempt; `random` is uniform over `u32`.
    pub(super) fn next(&mut self, random: u32) -> Duration {
        let bound = FIRST
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    /// To be told how long each connection lived.
    pub(super) fn connection_lived(&mut self, time: Duration) {
        if time >= STABLE {
            self.failures = 0;
        }
    }
}

/// A random number for [`Backoff::next`]; without a source of randomness every client waits the whole bound.
pub(super) fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_half_a_minute() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..9).map(|_| backoff.next(u32::MAX).as_millis()).collect();
        assert_eq!(
            waits,
            [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]
        );
        backoff.failures = u32::MAX;
        assert_eq!(backoff.next(u32::MAX), LONGEST);
    }

    #[test]
    fn the_jitter_is_full() {
        assert_eq!(Backoff::default().next(0), Duration::ZERO);
        let half = Backoff::default().next(u32::MAX / 2);
        assert!(half > Duration::from_millis(249) && half < Duration::from_millis(251));
    }

    #[test]
    fn only_a_stable_connection_ends_the_series() {
        let mut backoff = Backoff::default();
        backoff.next(0);
        backoff.connection_lived(Duration::from_millis(4999));
        assert_eq!(backoff.next(u32::MAX), Duration::from_secs(1));
        backoff.connection_lived(STABLE);
        assert_eq!(backoff.next(u32::MAX), FIRST);
    }
}
