//! Whether a broker holds small packets back: what follows from the times at which two packets came that it sends one
//! right after the other. No I/O.
//!
//! With Nagle's algorithm on, the second one waits until the first is acknowledged by TCP, which the receiver delays by
//! 40 ms or more unless it has something to send. So it must have nothing to send: a message at QoS 1 would not do.

use std::time::{Duration, Instant};

/// No receiver delays its acknowledgement by less, and few brokers need as long.
const HELD: Duration = Duration::from_millis(20);

/// After so many rounds of either kind it is settled.
const ENOUGH: usize = 2;

/// How many rounds there are at most.
const ROUNDS: usize = 5;

/// How long a round may take: some receivers delay their acknowledgements by 200 ms.
pub(crate) const ROUND: Duration = Duration::from_millis(400);

/// The times of a request's acknowledgement and of a message that comes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Round {
    /// From the request to the first of the two.
    trip: Duration,
    /// From there to the second.
    gap: Duration,
}

impl Round {
    /// The order of the two is the broker's choice.
    pub(crate) fn new(sent: Instant, acknowledgement: Instant, message: Instant) -> Self {
        let (first, second) = (acknowledgement.min(message), acknowledgement.max(message));
        Self {
            trip: first.saturating_duration_since(sent),
            gap: second.saturating_duration_since(first),
        }
    }

    /// The second one was held back, and the network is not merely slow.
    pub(crate) fn is_held(&self) -> bool {
        self.gap >= HELD && self.gap >= self.trip * 2
    }

    /// Both came sooner than anything would that was held back.
    fn is_prompt(&self) -> bool {
        self.trip + self.gap < HELD
    }
}

/// Whether the broker holds packets back; `None`: there has to be another round.
pub(crate) fn verdict(rounds: &[Round]) -> Option<bool> {
    let held = rounds.iter().filter(|round| round.is_held()).count();
    let prompt = rounds.iter().filter(|round| round.is_prompt()).count();
    match () {
        () if held >= ENOUGH => Some(true),
        () if prompt >= ENOUGH || rounds.len() >= ROUNDS => Some(false),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said after rounds with these milliseconds to the first and to the second packet.
    fn after(rounds: &[(u64, u64)]) -> Option<bool> {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let rounds: Vec<_> = rounds
            .iter()
            .map(|(first, second)| Round::new(start, at(*first), at(*second)))
            .collect();
        verdict(&rounds)
    }

    #[test]
    fn two_rounds_that_were_held_settle_it() {
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[(0, 44)]), None);
        assert_eq!(after(&[(0, 44), (1, 42)]), Some(true));
        assert_eq!(after(&[(0, 200), (0, 200)]), Some(true));
    }

    #[test]
    fn two_prompt_rounds_settle_it() {
        assert_eq!(after(&[(0, 0)]), None);
        assert_eq!(after(&[(0, 0), (2, 19)]), Some(false));
    }

    #[test]
    fn one_round_that_is_like_the_other_kind_changes_nothing() {
        assert_eq!(after(&[(0, 44), (0, 0)]), None);
        assert_eq!(after(&[(0, 44), (0, 0), (0, 44)]), Some(true));
        assert_eq!(after(&[(0, 0), (0, 44), (0, 0)]), Some(false));
    }

    #[test]
    fn a_slow_network_is_not_taken_for_it() {
        assert_eq!(after(&[(100, 100); 4]), None);
        assert_eq!(after(&[(100, 100); 5]), Some(false));
        // And neither is one whose delays vary.
        let varying = [(80, 110), (30, 35), (60, 95), (15, 20), (40, 61)];
        assert_eq!(after(&varying), Some(false));
    }

    #[test]
    fn the_order_of_the_two_does_not_matter() {
        let sent = Instant::now();
        let later = sent + Duration::from_millis(44);
        assert!(Round::new(sent, later, sent).is_held());
        assert_eq!(Round::new(sent, later, sent), Round::new(sent, sent, later));
    }
}
