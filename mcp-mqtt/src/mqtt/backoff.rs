//! How long to wait before the next connection attempt. Knows no clock and no socket.

use std::time::Duration;

/// The first attempt after a loss comes within this time.
const FIRST: Duration = Duration::from_millis(500);

/// No wait is longer than this.
const LONGEST: Duration = Duration::from_secs(30);

/// After so many failures in a row.
const LONGEST_AT: u32 = 6;

/// Exponential back-off with full jitter: each wait is uniform between zero and a bound that doubles, so that the
/// clients of a broker that restarts do not all return at the same moment.
///
/// A connection ends the series by living, not by its CONNACK: each half second takes one failure back. So a good
/// connection that breaks now and then is soon there again, while a broker that accepts and closes at once is left
/// alone for ever longer, and two clients that take each other over settle at about one take-over a second.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait before the next attempt; `random` is uniform over `u32`.
    pub(super) fn next(&mut self, random: u32) -> Duration {
        let bound = FIRST
            .saturating_mul(1 << self.failures.min(LONGEST_AT))
            .min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    /// To be told how long each connection lived.
    pub(super) fn connection_lived(&mut self, time: Duration) {
        let taken_back = u32::try_from(time.as_millis() / FIRST.as_millis()).unwrap_or(u32::MAX);
        // More than these make no wait longer.
        self.failures = self.failures.min(LONGEST_AT).saturating_sub(taken_back);
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
    fn a_connection_takes_a_failure_back_for_each_half_second_that_it_lived() {
        let mut backoff = Backoff::default();
        for _ in 0..100 {
            backoff.next(0);
        }
        backoff.connection_lived(FIRST - Duration::from_millis(1));
        assert_eq!(backoff.next(u32::MAX), LONGEST, "a CONNACK is no success");
        backoff.connection_lived(4 * FIRST);
        assert_eq!(backoff.next(u32::MAX), Duration::from_secs(2));
        backoff.connection_lived(6 * FIRST);
        assert_eq!(backoff.next(u32::MAX), FIRST);
    }

    #[test]
    fn a_good_connection_that_breaks_now_and_then_is_soon_there_again() {
        let mut backoff = Backoff::default();
        for _ in 0..100 {
            assert_eq!(backoff.next(u32::MAX), FIRST);
            backoff.connection_lived(Duration::from_secs(1));
        }
    }

    #[test]
    fn two_that_take_each_other_over_do_so_about_once_a_second() {
        let mut both = [Backoff::default(), Backoff::default()];
        let (mut time, mut seed) = (Duration::ZERO, 1_u32);
        let takeovers = 10_000;
        for n in 0..takeovers {
            // Numerical Recipes' generator: the same on every run.
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // One waits, and all the while the other one is connected.
            let wait = both[n % 2].next(seed);
            both[(n + 1) % 2].connection_lived(wait);
            time += wait;
        }
        let average = time / u32::try_from(takeovers).unwrap();
        assert!(average > Duration::from_millis(500), "{average:?}");
    }
}
