//! What became of a call that was sent and is not answered: a state object that is told the time.
//!
//! The rules are those of *Absence* and *Inbox delivery* in the wire format: whoever holds a call for longer than
//! 250 ms says so. So when a process of the server dies, a call is lost if that process said so, or if nobody did.

use std::time::{Duration, Instant};

use super::instances::Deaths;
use crate::wire::ACCEPT_AFTER;

/// Two round trips, at least: PUBACKs come from the broker alone, and peers are busy when others die.
const MIN_TRIPS: Duration = Duration::from_millis(100);

/// Those of one slow PUBACK are no reason to wait for longer: a death is to be known within 2 s.
const MAX_TRIPS: Duration = Duration::from_millis(1500);

/// A call that was sent before deaths were heard of is heard of itself by so much later.
const UNHEARD: Duration = Duration::from_secs(1);

/// What is to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A response, as far as is known; `Some`: look again then.
    Wait(Option<Instant>),
    /// None: the process that had the call died, or one that may have had it.
    Died,
    /// None in time: the connection was lost while the call was on its way to the broker, and nobody says that he has
    /// it, or it does not come back.
    Lost,
}

/// The fate of one publish of a call.
#[derive(Debug)]
pub(super) struct Fate {
    sent: Instant,
    trips: Duration,
    /// The server was asked to say that it has the call.
    asked: bool,
    /// It was sent without a card, so perhaps before deaths of its server were heard of.
    blind: bool,
    holder: Option<String>,
    /// The connection was lost before the PUBACK.
    unacknowledged: bool,
    /// It came back then, with the session.
    resumed: Option<Instant>,
    /// There is no connection since then.
    disconnected: Option<Instant>,
    /// For how long one is waited for.
    patience: Duration,
    deaths: Deaths,
}

impl Fate {
    /// Of a call that is being sent, and asks for an accept notice or not; `patience` is how long it waits for a
    /// connection that is lost.
    pub(super) fn new(now: Instant, asked: bool, patience: Duration) -> Self {
        Self {
            sent: now,
            trips: MIN_TRIPS,
            asked,
            blind: false,
            holder: None,
            unacknowledged: false,
            resumed: None,
            disconnected: None,
            patience,
            deaths: Deaths::default(),
        }
    }

    /// It is sent without a card.
    pub(super) fn blind(&mut self) {
        self.blind = true;
    }

    /// The broker acknowledged it.
    pub(super) fn acknowledged(&mut self, now: Instant) {
        let trips = 2 * now.saturating_duration_since(self.sent);
        self.trips = trips.clamp(MIN_TRIPS, MAX_TRIPS);
    }

    /// `instance` says that it has the call.
    pub(super) fn accepted(&mut self, instance: String) {
        self.holder = Some(instance);
    }

    /// Who has the call.
    pub(super) fn holder(&self) -> Option<&str> {
        self.holder.as_deref()
    }

    /// The connection was lost before the broker acknowledged it.
    pub(super) fn unacknowledged(&mut self) {
        self.unacknowledged = true;
    }

    /// There is no connection; what is sent to its session is kept there.
    pub(super) fn disconnected(&mut self, now: Instant) {
        self.disconnected.get_or_insert(now);
    }

    /// The connection is there, with the session in which it was sent.
    pub(super) fn resumed(&mut self, now: Instant) {
        self.disconnected = None;
        if self.unacknowledged {
            self.resumed.get_or_insert(now);
        }
    }

    /// What the cards say now.
    pub(super) fn told(&mut self, deaths: Deaths) {
        self.deaths = deaths;
    }

    /// What is to be expected now.
    pub(super) fn verdict(&self, now: Instant) -> Verdict {
        let (until, end) = if self.holder.is_some() {
            // Who was told to be dead before the call was sent has said since that he lives. A response that he sent
            // before may come behind the news of his death, which the broker holds back for nothing.
            let died = self.deaths.holder.filter(|at| *at > self.sent);
            (died.map(|at| at + self.trips), Verdict::Died)
        } else if let Some(resumed) = self.resumed {
            (Some(resumed + ACCEPT_AFTER + self.trips), Verdict::Lost)
        } else {
            let since = |at: &Instant| self.asked && *at > self.sent;
            let died = self.deaths.last.filter(since).map(|at| at + self.trips);
            let unheard = self.deaths.heard_since.filter(|at| self.blind && since(at));
            let unheard = unheard.map(|at| at + UNHEARD.max(self.trips));
            let heard = self.sent + ACCEPT_AFTER + self.trips;
            let first = died.into_iter().chain(unheard).min();
            (first.map(|at| heard.max(at)), Verdict::Died)
        };
        let gone = self.disconnected.map(|since| since + self.patience);
        let (until, end) = match (until, gone) {
            (Some(until), Some(gone)) if until <= gone => (Some(until), end),
            (until, None) => (until, end),
            (_, gone) => (gone, Verdict::Lost),
        };
        match until {
            Some(until) if now >= until => end,
            until => Verdict::Wait(until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn sent(now: Instant, asked: bool) -> Fate {
        Fate::new(now, asked, 1500 * MS)
    }

    fn died(at: Instant) -> Deaths {
        Deaths {
            holder: Some(at),
            last: Some(at),
            heard_since: None,
        }
    }

    #[test]
    fn while_nobody_dies_a_call_waits() {
        let now = Instant::now();
        let mut fate = sent(now, true);
        assert_eq!(fate.verdict(now + 1000 * MS), Verdict::Wait(None));
        fate.accepted("a".into());
        assert_eq!(fate.verdict(now + 1000 * MS), Verdict::Wait(None));
    }

    #[test]
    fn a_call_dies_with_its_holder_after_what_may_still_be_on_its_way() {
        let now = Instant::now();
        let mut fate = sent(now, true);
        fate.accepted("a".into());
        fate.told(died(now + 900 * MS));
        let until = now + 1000 * MS;
        assert_eq!(fate.verdict(until - MS), Verdict::Wait(Some(until)));
        assert_eq!(fate.verdict(until), Verdict::Died);
    }

    #[test]
    fn who_takes_a_call_lives_whatever_was_told_before() {
        let now = Instant::now();
        let mut fate = sent(now + MS, true);
        fate.accepted("a".into());
        fate.told(died(now));
        assert_eq!(fate.verdict(now + 1000 * MS), Verdict::Wait(None));
    }

    #[test]
    fn the_death_of_another_than_the_holder_is_nothing_to_a_call() {
        let now = Instant::now();
        let mut fate = sent(now, true);
        fate.accepted("a".into());
        fate.told(Deaths {
            holder: None,
            last: Some(now + MS),
            heard_since: None,
        });
        assert_eq!(fate.verdict(now + 1000 * MS), Verdict::Wait(None));
    }

    #[test]
    fn a_call_that_nobody_says_he_has_dies_with_anybody() {
        let now = Instant::now();
        let mut fate = sent(now, true);
        fate.told(died(now + MS));
        let until = now + 350 * MS;
        assert_eq!(fate.verdict(now + MS), Verdict::Wait(Some(until)));
        assert_eq!(fate.verdict(until), Verdict::Died);
        // The notice came in time.
        fate.accepted("b".into());
        fate.told(Deaths {
            holder: None,
            last: Some(now + MS),
            heard_since: None,
        });
        assert_eq!(fate.verdict(until), Verdict::Wait(None));
    }

    #[test]
    fn on_a_slow_link_two_round_trips_are_waited_for() {
        let now = Instant::now();
        let mut fate = sent(now, true);
        fate.acknowledged(now + 400 * MS);
        fate.told(died(now + MS));
        assert_eq!(fate.verdict(now), Verdict::Wait(Some(now + 1050 * MS)));
        fate.acknowledged(now + 4000 * MS);
        assert_eq!(fate.verdict(now), Verdict::Wait(Some(now + 1750 * MS)));
    }

    #[test]
    fn deaths_before_it_was_sent_and_without_notices_say_nothing() {
        let now = Instant::now();
        let mut fate = sent(now, true);
        fate.told(died(now - MS));
        assert_eq!(fate.verdict(now + 1000 * MS), Verdict::Wait(None));
        let mut fate = sent(now, false);
        fate.told(died(now + MS));
        assert_eq!(fate.verdict(now + 1000 * MS), Verdict::Wait(None));
    }

    #[test]
    fn a_call_without_a_card_from_before_deaths_were_heard_of_is_to_be_heard_of_soon() {
        let now = Instant::now();
        let heard_since = |at| Deaths {
            heard_since: Some(at),
            ..Deaths::default()
        };
        let mut fate = sent(now, true);
        fate.told(heard_since(now + MS));
        assert_eq!(fate.verdict(now), Verdict::Wait(None), "by a card");
        fate.blind();
        fate.told(heard_since(now));
        assert_eq!(fate.verdict(now), Verdict::Wait(None));
        fate.told(heard_since(now + MS));
        let until = now + MS + UNHEARD;
        assert_eq!(fate.verdict(until - MS), Verdict::Wait(Some(until)));
        assert_eq!(fate.verdict(until), Verdict::Died);
        fate.accepted("a".into());
        assert_eq!(fate.verdict(until), Verdict::Wait(None));
    }

    #[test]
    fn a_call_lost_on_its_way_has_until_the_session_is_back_to_be_heard_of() {
        let now = Instant::now();
        let mut fate = sent(now, true);
        let back = now + 5000 * MS;
        fate.resumed(now);
        fate.unacknowledged();
        assert_eq!(fate.verdict(back), Verdict::Wait(None));
        fate.resumed(back);
        fate.resumed(back + MS);
        assert_eq!(fate.verdict(back), Verdict::Wait(Some(back + 350 * MS)));
        assert_eq!(fate.verdict(back + 350 * MS), Verdict::Lost);
        fate.accepted("a".into());
        assert_eq!(fate.verdict(back + 350 * MS), Verdict::Wait(None));
    }
    #[test]
    fn a_connection_that_does_not_come_back_is_waited_for_no_longer_than_that() {
        let now = Instant::now();
        let mut fate = sent(now, true);
        fate.accepted("a".into());
        fate.disconnected(now);
        fate.disconnected(now + 1000 * MS);
        let until = now + 1500 * MS;
        assert_eq!(fate.verdict(now), Verdict::Wait(Some(until)));
        assert_eq!(fate.verdict(until), Verdict::Lost);
        // What is known of its holder comes first.
        fate.told(died(now + MS));
        assert_eq!(fate.verdict(now), Verdict::Wait(Some(now + 101 * MS)));
        fate.told(Deaths::default());
        fate.resumed(now + 1400 * MS);
        assert_eq!(fate.verdict(until), Verdict::Wait(None));
    }
}
