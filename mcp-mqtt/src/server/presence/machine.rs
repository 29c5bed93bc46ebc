//! The presence of one instance among the others of its server: what it has seen, and what that asks of
//! it. No I/O: instants and sights in, actions out.
//!
//! A live instance publishes cards that are not online again, at most once per second, the *owner* first:
//! the instance with the highest (start time, name). Nobody publishes because of other content, but the
//! owner does so once when it starts, comes back, or becomes the owner. So two instances with different
//! content never publish in turns.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::super::instance::Instance;
use super::peers::Peers;
use super::sight::Sight;
use crate::wire::InstanceStatus;

/// How often an instance publishes its card, which expires after three times as long.
const REFRESH: Duration = Duration::from_secs(20);

/// The least time between two repairs, and between an own card that others take away and its return.
const PAUSE: Duration = Duration::from_secs(1);

/// How much longer each instance waits than the one above it, so that only one repairs; and how many
/// such steps at most.
const STEP: Duration = Duration::from_millis(200);
const STEPS: u32 = 3;

/// A card that all instances of the server share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::server) enum Card {
    Server,
    Tool(String),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Publish these cards, online.
    Publish(BTreeSet<Card>),
    /// Publish the own Instance Card.
    Show,
    /// Clear the card of an instance that is gone.
    Clear(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// What is retained is not known yet.
    Reading,
    Serving,
    Leaving,
    /// The offline card is on its way, and this is its number.
    Parting(u64),
    Gone {
        last: bool,
    },
}

pub(super) struct Machine {
    me: Instance,
    /// A random part of a tenth of a second, unlike that of other instances.
    jitter: Duration,
    phase: Phase,
    sessions: u32,
    peers: Peers,
    /// Shared cards that are not online.
    down: BTreeSet<Card>,
    /// Shared cards that are online with other content.
    other: BTreeSet<Card>,
    owner: bool,
    /// The next repair is about other content, too.
    claims: bool,
    /// Instances whose cards are to be cleared.
    gone: Vec<String>,
    repair_at: Option<Instant>,
    repaired: Option<Instant>,
    show_at: Option<Instant>,
    shown: Option<Instant>,
    /// Numbers of own Instance Cards: the last one sent, the last one of the session before, the last
    /// one that came back.
    sent: u64,
    before: u64,
    echoed: u64,
    /// The broker does not take own Instance Cards.
    refused: bool,
    /// Shared cards were published in this session, as far as they had to be.
    announced: bool,
}

impl Machine {
    pub(super) fn new(me: Instance, jitter: Duration) -> Self {
        Self {
            me,
            jitter,
            phase: Phase::Reading,
            sessions: 0,
            peers: Peers::default(),
            down: BTreeSet::new(),
            other: BTreeSet::new(),
            owner: false,
            claims: false,
            gone: Vec::new(),
            repair_at: None,
            repaired: None,
            show_at: None,
            shown: None,
            sent: 0,
            before: 0,
            echoed: 0,
            refused: false,
            announced: false,
        }
    }

    /// A new session: nothing is known of the broker any more, `cards` are those to be seen there.
    pub(super) fn connected(&mut self, cards: impl IntoIterator<Item = Card>) {
        if matches!(self.phase, Phase::Serving) {
            self.phase = Phase::Reading;
        }
        self.sessions += 1;
        self.peers.clear();
        self.down = cards.into_iter().collect();
        self.other.clear();
        self.gone.clear();
        (self.repair_at, self.show_at) = (None, None);
        (self.owner, self.claims) = (false, false);
        self.before = self.sent;
        (self.refused, self.announced) = (false, false);
    }

    /// What is retained has been read, as far as the broker lets it.
    pub(super) fn has_read(&mut self, now: Instant) {
        if self.phase != Phase::Reading {
            return;
        }
        self.phase = Phase::Serving;
        self.announced = true;
        self.owner = self.peers.above(&self.me, now) == 0;
        self.claims = self.owner && !self.other.is_empty();
        if self.sessions > 1 {
            // Others have lost the broker at the same time.
            self.plan(now);
        } else if self.is_wrong() {
            self.repair_at = Some(now);
        }
    }

    /// A shared card came.
    pub(super) fn saw(&mut self, card: Card, sight: Sight, now: Instant) {
        self.down.remove(&card);
        self.other.remove(&card);
        match sight {
            Sight::Down => drop(self.down.insert(card)),
            Sight::Other => drop(self.other.insert(card)),
            Sight::Ours => {}
        }
        self.plan(now);
    }

    /// A last will told that `instance` is gone. One that is not known has no card to be cleared, and its
    /// name may be anything.
    pub(super) fn saw_gone(&mut self, instance: &str, now: Instant) {
        if self.peers.forget(instance) {
            self.gone.push(instance.to_owned());
            self.reckon(now);
        }
    }

    /// The card of another instance came; `None` if it was cleared.
    pub(super) fn saw_peer(
        &mut self,
        instance: &str,
        card: Option<(u64, InstanceStatus)>,
        now: Instant,
    ) {
        match card {
            Some((started_ms, status)) => self.peers.see(instance, started_ms, status, now),
            None => drop(self.peers.forget(instance)),
        }
        self.reckon(now);
    }

    /// The own Instance Card came, with its number; without one, somebody else cleared or forged it.
    pub(super) fn saw_own(&mut self, number: Option<u64>, now: Instant) {
        match number.filter(|number| *number <= self.sent) {
            Some(number) => {
                self.echoed = self.echoed.max(number);
                if matches!(self.phase, Phase::Parting(own) if number >= own) {
                    let last = !self.peers.any(now);
                    self.phase = Phase::Gone { last };
                }
            }
            None if self.shown.is_some() => {
                let soon = self.shown.map_or(now, |shown| now.max(shown + PAUSE));
                self.show_at = Some(self.show_at.map_or(soon, |at| at.min(soon)));
            }
            None => {}
        }
    }

    /// Number and status of the own Instance Card, which is about to be published.
    pub(super) fn show(&mut self, now: Instant) -> (u64, InstanceStatus) {
        self.sent += 1;
        self.shown = Some(now);
        // At most a tenth earlier, so that instances that started together do not stay together.
        self.show_at = Some(now + REFRESH - self.jitter * 20);
        let status = match self.phase {
            Phase::Reading | Phase::Serving => InstanceStatus::Online,
            Phase::Leaving => InstanceStatus::Leaving,
            Phase::Parting(_) | Phase::Gone { .. } => InstanceStatus::Offline,
        };
        (self.sent, status)
    }

    /// The broker does not take own Instance Cards: none is tried again in this session.
    pub(super) fn refused(&mut self) {
        self.refused = true;
    }

    /// Takes no more calls, but finishes some.
    pub(super) fn leave(&mut self) {
        self.phase = Phase::Leaving;
        self.repair_at = None;
    }

    /// The next own Instance Card says that this instance is gone.
    pub(super) fn part(&mut self) {
        self.phase = Phase::Parting(self.sent + 1);
    }

    /// Whether no other instance lived when this one left; `None` until its offline card came back.
    pub(super) fn was_last(&self) -> Option<bool> {
        match self.phase {
            Phase::Gone { last } => Some(last),
            _ => None,
        }
    }

    /// The last own Instance Card that came back.
    pub(super) fn echoed(&self) -> u64 {
        self.echoed
    }

    /// Whether own Instance Cards of this session come back.
    pub(super) fn is_heard(&self) -> bool {
        self.echoed > self.before
    }

    /// Whether the broker took an own Instance Card in this session, for all that is known.
    pub(super) fn is_shown(&self) -> bool {
        self.sent > self.before && !self.refused
    }

    /// Whether this instance has looked after the shared cards in this session.
    pub(super) fn has_announced(&self) -> bool {
        self.announced
    }

    /// When shared cards are to be published, if so.
    pub(super) fn repair_at(&self) -> Option<Instant> {
        self.repair_at
    }

    /// When there is something to do next.
    pub(super) fn due(&self) -> Option<Instant> {
        let show_at = self.show_at.filter(|_| self.shows());
        let clear_at = self.gone.first().and(self.shown);
        [self.repair_at, show_at, clear_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// What is to be done by now.
    pub(super) fn act(&mut self, now: Instant) -> Vec<Action> {
        self.reckon(now);
        let mut actions: Vec<_> = self.gone.drain(..).map(Action::Clear).collect();
        if self.shows() && self.show_at.is_some_and(|at| at <= now) {
            self.show_at = None;
            actions.push(Action::Show);
        }
        if self.repair_at.is_some_and(|at| at <= now) {
            self.repair_at = None;
            let mut cards = std::mem::take(&mut self.down);
            if std::mem::take(&mut self.claims) && self.owner {
                cards.append(&mut self.other);
            }
            if !cards.is_empty() {
                self.repaired = Some(now);
                actions.push(Action::Publish(cards));
            }
        }
        actions
    }

    fn shows(&self) -> bool {
        !self.refused && matches!(self.phase, Phase::Serving | Phase::Leaving)
    }

    fn is_wrong(&self) -> bool {
        !self.down.is_empty() || self.claims
    }

    /// Who is the owner may have changed.
    fn reckon(&mut self, now: Instant) {
        let owner = self.peers.above(&self.me, now) == 0;
        if owner && !self.owner && self.phase == Phase::Serving {
            self.claims = !self.other.is_empty();
            self.plan(now);
        }
        self.owner = owner;
    }

    fn plan(&mut self, now: Instant) {
        if self.phase != Phase::Serving || self.repair_at.is_some() || !self.is_wrong() {
            return;
        }
        let above = u32::try_from(self.peers.above(&self.me, now)).unwrap_or(STEPS);
        let at = now + STEP * above.min(STEPS) + self.jitter;
        self.repair_at = Some(self.repaired.map_or(at, |last| at.max(last + PAUSE)));
    }

    #[cfg(test)]
    pub(super) fn peers(&self) -> usize {
        self.peers.len()
    }
}
