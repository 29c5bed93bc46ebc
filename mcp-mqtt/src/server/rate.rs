//! How often one caller calls. Time comes in as values.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::limits::Rate;
use super::party::Party;

/// How many parties are told apart; those beyond share one measure.
const PARTIES: usize = 4096;

/// The measures of all parties. For each, the time at which all that it has called would have been
/// called at the rate in the long run (GCRA, as in ATM).
#[derive(Debug, Default)]
pub(super) struct Rates {
    parties: HashMap<Party, Instant>,
    others: Option<Instant>,
}

impl Rates {
    /// Counts a call.
    ///
    /// # Errors
    ///
    /// How long to wait, when it is one too many; it is not counted then.
    pub(super) fn pass(&mut self, rate: Rate, party: &Party, now: Instant) -> Result<(), Duration> {
        let interval = Duration::from_secs(1) / rate.per_second.max(1);
        let ahead = interval * rate.burst.saturating_sub(1);
        let due = self.due(party, now);
        let from = (*due).max(now);
        let wait = from.saturating_duration_since(now).saturating_sub(ahead);
        if !wait.is_zero() {
            return Err(wait);
        }
        *due = from + interval;
        Ok(())
    }

    fn due(&mut self, party: &Party, now: Instant) -> &mut Instant {
        if self.parties.len() >= PARTIES && !self.parties.contains_key(party) {
            // Whoever is not ahead has nothing that need be remembered.
            self.parties.retain(|_, due| *due > now);
            if self.parties.len() >= PARTIES {
                return self.others.get_or_insert(now);
            }
        }
        self.parties.entry(party.clone()).or_insert(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scout() -> Party {
        Party::Verified("scout".into())
    }

    #[test]
    fn a_burst_passes_and_then_so_many_in_a_second() {
        let (mut rates, now) = (Rates::default(), Instant::now());
        let rate = Rate::new(10, 3);
        for _ in 0..3 {
            assert_eq!(rates.pass(rate, &scout(), now), Ok(()));
        }
        let tenth = Duration::from_millis(100);
        assert_eq!(rates.pass(rate, &scout(), now), Err(tenth));
        assert_eq!(rates.pass(rate, &scout(), now + tenth), Ok(()));
        assert_eq!(rates.pass(rate, &scout(), now + tenth), Err(tenth));
        let later = now + Duration::from_secs(9);
        for _ in 0..3 {
            assert_eq!(rates.pass(rate, &scout(), later), Ok(()));
        }
        assert!(rates.pass(rate, &scout(), later).is_err());
    }

    #[test]
    fn one_caller_does_not_use_up_anothers_rate_and_claims_count_as_one() {
        let (mut rates, now) = (Rates::default(), Instant::now());
        let rate = Rate::new(1, 1);
        assert!(rates.pass(rate, &scout(), now).is_ok());
        assert!(rates.pass(rate, &scout(), now).is_err());
        assert!(rates.pass(rate, &Party::Claimed, now).is_ok());
        assert!(rates.pass(rate, &Party::Claimed, now).is_err());
    }

    #[test]
    fn the_table_is_bounded_and_those_beyond_it_share_a_measure() {
        let (mut rates, now) = (Rates::default(), Instant::now());
        let rate = Rate::new(1, 1);
        let party = |n: usize| Party::Verified(format!("c{n}").into());
        for n in 0..PARTIES {
            assert!(rates.pass(rate, &party(n), now).is_ok());
        }
        assert!(rates.pass(rate, &party(PARTIES), now).is_ok());
        assert!(rates.pass(rate, &party(PARTIES + 1), now).is_err());
        let later = now + Duration::from_secs(2);
        assert!(rates.pass(rate, &party(PARTIES + 1), later).is_ok());
        assert!(rates.parties.len() <= PARTIES);
    }
}
