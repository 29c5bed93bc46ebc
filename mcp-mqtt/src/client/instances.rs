//! Which processes of one server live, by their cards and by what else is heard of them: a state object that is told
//! the time. Bounded, since on a broker without a policy anybody may publish such cards.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::wire::InstanceStatus;

/// Instances that are known of one server; those beyond are ignored.
const MAX_INSTANCES: usize = 64;

/// How long a card speaks for its instance unless it is published again.
const EXPIRY: Duration = Duration::from_secs(60);

/// How long an offline Server Card counts for nothing while an instance lives: one of several replicas went, and the
/// others are about to correct the card.
pub(super) const FLAP: Duration = Duration::from_secs(2);

/// An instance that said nothing for this long after the cards were subscribed anew is gone.
const SILENT: Duration = Duration::from_millis(250);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Its card says online, until then.
    Online(Instant),
    /// It finishes what it has, or only an accept notice named it.
    There,
    Dead(Instant),
}

#[derive(Debug)]
struct Known {
    life: Life,
    /// Not heard of since the connection was lost.
    stale: bool,
}

/// The instances of one server.
#[derive(Debug, Default)]
pub(super) struct Instances {
    known: HashMap<String, Known>,
    /// When the broker granted the subscription to the cards, in this session.
    granted: Option<Instant>,
    last_death: Option<Instant>,
    offline_since: Option<Instant>,
    /// The last Server Card said online.
    was_online: bool,
    /// When one said offline after that.
    went: Option<Instant>,
}

/// What a call needs to know of deaths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Deaths {
    /// When the instance that holds the call died.
    pub(super) holder: Option<Instant>,
    /// When the last of any instance died.
    pub(super) last: Option<Instant>,
    /// Since when deaths are heard of: before, some may have been missed.
    pub(super) heard_since: Option<Instant>,
}

impl Instances {
    /// A card of `instance`, or `None` for one taken back; `expiry` is what the broker says is left of it. `false` if
    /// it is ignored because too many are known.
    pub(super) fn card(
        &mut self,
        instance: &str,
        status: Option<InstanceStatus>,
        expiry: Option<u32>,
        now: Instant,
    ) -> bool {
        let left = expiry.map_or(EXPIRY, |left| EXPIRY.min(Duration::from_secs(left.into())));
        match status {
            Some(InstanceStatus::Online) => self.set(instance, Life::Online(now + left), now),
            Some(InstanceStatus::Leaving) => self.set(instance, Life::There, now),
            // Of one that was never seen or is dead already, nothing is lost.
            _ if self.is_no_loss(instance) => true,
            // It has answered all that it had.
            Some(InstanceStatus::Offline) => self.set(instance, Life::Dead(now), now),
            _ => self.gone(instance, now),
        }
    }

    fn is_no_loss(&self, instance: &str) -> bool {
        let known = self.known.get(instance);
        known.is_none_or(|known| matches!(known.life, Life::Dead(_)))
    }

    /// The last will of `instance` fired. `false` if it is ignored because too many are known. Whoever was told to be
    /// dead may have been there: a retained will outlives the return of its instance for a moment.
    pub(super) fn gone(&mut self, instance: &str, now: Instant) -> bool {
        self.last_death = Some(now);
        self.set(instance, Life::Dead(now), now)
    }

    /// An accept notice of `instance` came.
    pub(super) fn noticed(&mut self, instance: &str, now: Instant) {
        if !self.known.contains_key(instance) {
            self.set(instance, Life::There, now);
        }
    }

    /// The Server Card says offline, or online.
    pub(super) fn server(&mut self, offline: bool, now: Instant) {
        self.offline_since = offline.then(|| self.offline_since.unwrap_or(now));
        if offline && self.was_online {
            self.went = Some(now);
        }
        self.was_online = !offline;
    }

    /// Whether it went offline just now, and may be about to come back.
    pub(super) fn went_lately(&self, now: Instant) -> bool {
        self.went.is_some_and(|at| now < at + FLAP)
    }

    /// Until when an offline Server Card counts for nothing; `None` if it counts.
    pub(super) fn flapping(&self, now: Instant) -> Option<Instant> {
        let until = self.offline_since? + FLAP;
        let live = |k: &Known| matches!(k.life, Life::Online(until) if until > now) && !k.stale;
        (now < until && self.known.values().any(live)).then_some(until)
    }

    /// The cards were subscribed. Who was known before is now to be heard of.
    pub(super) fn granted(&mut self, now: Instant) {
        self.granted = Some(now);
    }

    /// The session ended, and cards may have been missed.
    pub(super) fn lost(&mut self) {
        self.granted = None;
        self.offline_since = None;
        for known in self.known.values_mut() {
            known.stale = true;
        }
    }

    /// What is known of deaths, for a call that `holder` has; may be later than now for whom nobody heard of.
    pub(super) fn deaths(&self, holder: Option<&str>) -> Deaths {
        let died = |known: &Known| match known.life {
            Life::Dead(at) => Some(at),
            _ if known.stale => self.granted.map(|at| at + SILENT),
            _ => None,
        };
        let silent = self.known.values().filter(|k| k.stale).filter_map(died);
        Deaths {
            holder: holder.and_then(|name| self.known.get(name)).and_then(died),
            last: self.last_death.into_iter().chain(silent).max(),
            heard_since: self.granted,
        }
    }

    fn set(&mut self, instance: &str, life: Life, now: Instant) -> bool {
        if !self.known.contains_key(instance) && self.known.len() >= MAX_INSTANCES {
            let over = |k: &Known| match k.life {
                Life::Online(until) => until <= now,
                Life::There => false,
                Life::Dead(_) => true,
            };
            let Some(name) = self
                .known
                .iter()
                .find_map(|(name, known)| over(known).then(|| name.clone()))
            else {
                return false;
            };
            self.known.remove(&name);
        }
        let known = Known { life, stale: false };
        self.known.insert(instance.to_owned(), known);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use InstanceStatus::{Leaving, Offline, Online};

    const SECOND: Duration = Duration::from_secs(1);

    fn with(cards: &[(&str, InstanceStatus)], now: Instant) -> Instances {
        let mut instances = Instances::default();
        for (name, status) in cards {
            assert!(instances.card(name, Some(*status), None, now));
        }
        instances
    }

    #[test]
    fn an_offline_server_counts_for_nothing_for_two_seconds_while_an_instance_lives() {
        let now = Instant::now();
        let mut instances = with(&[("a", Online)], now);
        assert_eq!(instances.flapping(now), None, "it is not offline");
        instances.server(true, now);
        assert_eq!(instances.flapping(now), Some(now + FLAP));
        // Again and again, and it is still two seconds from the first.
        instances.server(true, now + SECOND);
        assert_eq!(instances.flapping(now + SECOND), Some(now + FLAP));
        assert_eq!(instances.flapping(now + FLAP), None);
        instances.server(false, now + FLAP);
        instances.server(true, now + FLAP);
        assert_eq!(instances.flapping(now + FLAP), Some(now + FLAP + FLAP));
    }

    #[test]
    fn a_server_that_was_online_may_be_about_to_come_back_for_two_seconds() {
        let now = Instant::now();
        let mut instances = with(&[], now);
        instances.server(true, now);
        assert!(!instances.went_lately(now), "it was never seen online");
        instances.server(false, now);
        // Over a loss of the connection, too.
        instances.lost();
        instances.server(true, now);
        instances.server(true, now + SECOND);
        assert!(instances.went_lately(now + SECOND));
        assert!(!instances.went_lately(now + FLAP));
    }

    #[test]
    fn who_leaves_is_gone_or_expired_does_not_live() {
        let now = Instant::now();
        for status in [Leaving, Offline] {
            let mut instances = with(&[("a", Online), ("a", status)], now);
            instances.server(true, now);
            assert_eq!(instances.flapping(now), None, "{status:?}");
        }
        let mut instances = with(&[], now);
        // However long a forger says, a card is good for a minute.
        instances.card("a", Some(Online), Some(3), now);
        instances.card("b", Some(Online), Some(u32::MAX), now);
        instances.gone("b", now + SECOND);
        instances.server(true, now + SECOND);
        assert!(instances.flapping(now + 2 * SECOND).is_some());
        assert_eq!(instances.flapping(now + 3 * SECOND), None);
        instances.card("b", Some(Online), Some(u32::MAX), now);
        instances.server(false, now);
        instances.server(true, now + EXPIRY);
        assert_eq!(instances.flapping(now + EXPIRY), None);
    }

    #[test]
    fn a_card_taken_back_and_a_last_will_are_deaths_and_leaving_is_none() {
        let now = Instant::now();
        let mut instances = with(&[("a", Online), ("b", Leaving)], now);
        assert_eq!(instances.deaths(Some("b")), Deaths::default());
        instances.card("a", None, None, now);
        let died = Deaths {
            holder: Some(now),
            last: Some(now),
            heard_since: None,
        };
        assert_eq!(instances.deaths(Some("a")), died);
        // Taken back twice, it died once.
        instances.card("a", None, None, now + SECOND);
        assert_eq!(instances.deaths(Some("a")), died);
        instances.gone("b", now + SECOND);
        assert_eq!(instances.deaths(Some("b")).holder, Some(now + SECOND));
        assert_eq!(instances.deaths(Some("a")).last, Some(now + SECOND));
    }

    #[test]
    fn who_leaves_in_order_has_answered_what_nobody_said_he_had() {
        let now = Instant::now();
        let mut instances = with(&[("a", Online), ("a", Leaving), ("a", Offline)], now);
        instances.card("a", None, None, now + SECOND);
        let deaths = instances.deaths(Some("a"));
        assert_eq!((deaths.holder, deaths.last), (Some(now), None));
    }

    #[test]
    fn the_death_of_one_that_was_wrongly_told_to_be_dead_is_heard_of() {
        let now = Instant::now();
        let mut instances = with(&[("a", Online)], now);
        instances.gone("a", now);
        instances.gone("a", now + SECOND);
        let deaths = instances.deaths(Some("a"));
        let then = Some(now + SECOND);
        assert_eq!((deaths.holder, deaths.last), (then, then));
    }

    #[test]
    fn a_card_of_nobody_that_is_taken_back_is_no_death() {
        let now = Instant::now();
        let mut instances = with(&[("a", Online)], now);
        instances.card("b", None, None, now);
        instances.card("c", Some(Offline), None, now);
        assert_eq!(instances.deaths(None), Deaths::default());
    }

    #[test]
    fn who_is_not_heard_of_after_a_reconnect_is_dead() {
        let now = Instant::now();
        let mut instances = with(&[("a", Online), ("b", Online)], now);
        instances.noticed("c", now);
        instances.lost();
        assert_eq!(instances.deaths(Some("a")), Deaths::default());
        instances.granted(now);
        instances.card("b", Some(Online), None, now);
        for (name, died) in [
            ("a", Some(now + SILENT)),
            ("b", None),
            ("c", Some(now + SILENT)),
        ] {
            assert_eq!(instances.deaths(Some(name)).holder, died, "{name}");
        }
        assert_eq!(instances.deaths(None).last, Some(now + SILENT));
        instances.card("a", Some(Online), None, now + SILENT);
        assert_eq!(instances.deaths(Some("a")).holder, None);
    }

    #[test]
    fn forged_cards_fill_no_memory_and_the_dead_make_room() {
        let now = Instant::now();
        let mut instances = Instances::default();
        for n in 0..MAX_INSTANCES {
            assert!(instances.card(&n.to_string(), Some(Online), None, now));
        }
        assert!(!instances.card("more", Some(Online), None, now));
        assert!(!instances.gone("more", now));
        assert!(instances.card("0", None, None, now));
        assert!(instances.card("more", Some(Online), None, now));
        assert_eq!(instances.known.len(), MAX_INSTANCES);
    }
}
