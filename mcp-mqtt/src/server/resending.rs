//! The room, in bytes, for responses that wait to be sent again: so much in all, and so much of one party.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::party::Party;

/// What a response counts for at least.
const LEAST: usize = 1024;

pub(super) struct Resending {
    most: usize,
    parties: Mutex<HashMap<Party, usize>>,
}

/// The room that one response takes, until this is dropped.
pub(super) struct Room<'a> {
    all: &'a Resending,
    party: &'a Party,
    bytes: usize,
}

impl Resending {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            parties: Mutex::default(),
        }
    }

    /// Room for a response of `party`, which takes a quarter at most if it `shares` with others; a single
    /// response may be larger.
    pub(super) fn take<'a>(
        &'a self,
        party: &'a Party,
        shares: bool,
        bytes: usize,
    ) -> Option<Room<'a>> {
        let mut parties = self.lock();
        let bytes = bytes.max(LEAST);
        let taken: usize = parties.values().sum();
        let own = parties.get(party).copied().unwrap_or_default();
        let share = if shares { self.most / 4 } else { self.most };
        if taken + bytes > self.most || (own > 0 && own + bytes > share) {
            return None;
        }
        *parties.entry(party.clone()).or_default() += bytes;
        Some(Room {
            all: self,
            party,
            bytes,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Party, usize>> {
        self.parties.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let mut parties = self.all.lock();
        if let Some(own) = parties.get_mut(self.party) {
            *own -= self.bytes;
            if *own == 0 {
                parties.remove(self.party);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_more_than_a_quarter_of_what_is_shared() {
        let (all, other) = (Resending::new(16 * LEAST), Party::Verified("b".into()));
        let one = Party::Verified("a".into());
        let held: Vec<_> = (0..9).map_while(|_| all.take(&one, true, 1)).collect();
        assert_eq!(held.len(), 4);
        assert!(all.take(&other, true, 1).is_some());
        drop(held);
        assert!(all.lock().is_empty());
        assert!(all.take(&one, true, 4 * LEAST).is_some());
    }

    #[test]
    fn who_shares_with_nobody_takes_it_all() {
        let all = Resending::new(16 * LEAST);
        let held: Vec<_> = (0..99)
            .map_while(|_| all.take(&Party::Claimed, false, 1))
            .collect();
        assert_eq!(held.len(), 16);
    }

    #[test]
    fn a_single_response_may_be_larger_than_a_share() {
        let (all, one) = (Resending::new(16 * LEAST), Party::Verified("a".into()));
        let large = all.take(&one, true, 10 * LEAST);
        assert!(large.is_some());
        assert!(all.take(&one, true, 1).is_none());
        assert!(all.take(&Party::Claimed, true, 10 * LEAST).is_none());
    }
}
