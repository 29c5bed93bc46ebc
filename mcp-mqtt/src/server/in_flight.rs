//! The calls that are held: which of them run and which wait, until when, and who of several answers.
//!
//! A call is answered once: by its tool, by its deadline, by a cancel (which is silence) or at the end of
//! the server, whichever takes it out of this table first. Time comes in as values, so all but the waiting
//! is tested without a clock.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::places::{Bounds, Entry, Places, Want};

/// Names a call in the table. Later calls have higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// While calls are held, somebody looks after them this often, whatever is due.
const TICK: Duration = Duration::from_millis(50);

/// The table. `Q` is a call that waits, and `R` what it takes to stop and answer one that runs.
pub(super) struct InFlight<Q, R> {
    inner: Mutex<Inner<Q, R>>,
    /// For whoever sleeps until something is due.
    earlier: Condvar,
    /// Woken when the last call has ended.
    idle: Notify,
}

struct Inner<Q, R> {
    next: u64,
    most: usize,
    places: Places,
    calls: HashMap<Ticket, Held<Q, R>>,
    wakes: BTreeSet<(Instant, Ticket)>,
    /// When the sleeper wakes; `None` for not before it is told.
    sleeps_until: Option<Instant>,
    /// The last ticket when it fell asleep.
    seen: u64,
    closed: bool,
}

struct Held<Q, R> {
    want: Want,
    deadline: Instant,
    /// When this call is looked at next.
    wake: Instant,
    stage: Stage<Q, R>,
    has_place: bool,
}

enum Stage<Q, R> {
    Waits(Q),
    /// It has its place, and is being read.
    Starts,
    Runs(R),
    /// Its answer is on its way, or there is to be none.
    Settled,
}

/// A call that comes.
pub(super) struct Arrival {
    pub(super) want: Want,
    pub(super) deadline: Instant,
    /// When its caller is to be told that it is held.
    pub(super) notice: Option<Instant>,
}

/// What becomes of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrived<Q> {
    /// It is to start, and then to [`end`](InFlight::end).
    Start(Ticket, Q),
    Waits,
    Full(Q),
}

/// Whether a call runs that was to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ran {
    Runs,
    /// Its deadline came before.
    Late,
    /// It is not to run any more.
    Stopped,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Due<Q, R> {
    /// The deadline came before they started.
    pub(super) unstarted: Vec<(Ticket, Q)>,
    /// The deadline came while they ran.
    pub(super) expired: Vec<R>,
    /// Their callers are to be told that they are held.
    pub(super) held: Vec<(Ticket, Holding<Q, R>)>,
}

/// A call that is held.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Holding<Q, R> {
    Waits(Q),
    Runs(R),
}

impl<Q: Clone, R: Clone> InFlight<Q, R> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            inner: Mutex::new(Inner {
                next: 0,
                most: bounds.running.saturating_add(bounds.waiting),
                places: Places::new(bounds),
                calls: HashMap::new(),
                wakes: BTreeSet::new(),
                sleeps_until: None,
                seen: 0,
                closed: false,
            }),
            earlier: Condvar::new(),
            idle: Notify::new(),
        }
    }

    /// A call comes: it starts, waits, or is refused.
    pub(super) fn arrive(&self, arrival: Arrival, call: Q) -> Arrived<Q> {
        let mut inner = self.lock();
        // Those whose answer waits for room in the queue count as well.
        if inner.calls.len() >= inner.most {
            return Arrived::Full(call);
        }
        inner.next += 1;
        let ticket = Ticket(inner.next);
        let entry = inner.places.enter(ticket, &arrival.want);
        let (stage, starts) = match entry {
            Entry::Full => return Arrived::Full(call),
            Entry::Runs => (Stage::Starts, Some(call)),
            Entry::Waits => (Stage::Waits(call), None),
        };
        let notice = arrival.notice.unwrap_or(arrival.deadline);
        let wake = notice.min(arrival.deadline);
        inner.wakes.insert((wake, ticket));
        let held = Held {
            want: arrival.want,
            deadline: arrival.deadline,
            wake,
            stage,
            has_place: entry == Entry::Runs,
        };
        inner.calls.insert(ticket, held);
        // A sleeper that wakes soon anyway need not be told.
        let soon = inner.sleeps_until.is_some_and(|until| until <= wake);
        drop(inner);
        if !soon {
            self.earlier.notify_one();
        }
        starts.map_or(Arrived::Waits, |call| Arrived::Start(ticket, call))
    }

    /// A call that was to start does: from here on it is answered at its deadline at the latest.
    pub(super) fn run(&self, ticket: Ticket, call: R) -> Ran {
        let mut inner = self.lock();
        // Not before it has the lock: the deadlines may have been looked after meanwhile.
        inner.run(ticket, call, Instant::now())
    }

    /// Takes a call that runs, and lets one that is about to run not do so.
    pub(super) fn stop(&self, ticket: Ticket) -> Option<R> {
        let mut inner = self.lock();
        let taken = inner.take(ticket);
        if let Some(held) = inner.calls.get_mut(&ticket) {
            held.stage = Stage::Settled;
        }
        taken
    }

    /// Takes the right to answer a call that runs: `Some` for exactly one taker.
    pub(super) fn take(&self, ticket: Ticket) -> Option<R> {
        self.lock().take(ticket)
    }

    /// Takes the right to answer a call that runs and is the one that is looked for.
    pub(super) fn take_one(&self, is: impl Fn(&R) -> bool) -> Option<R> {
        let mut inner = self.lock();
        let ticket = inner.calls.iter().find_map(|(ticket, held)| {
            matches!(&held.stage, Stage::Runs(call) if is(call)).then_some(*ticket)
        })?;
        inner.take(ticket)
    }

    /// The work on a call is done, though its answer may be on its way: its place is free. These start now.
    #[must_use]
    pub(super) fn release(&self, ticket: Ticket) -> Vec<(Ticket, Q)> {
        self.lock().release(ticket)
    }

    /// A call has ended. These start now.
    #[must_use]
    pub(super) fn end(&self, ticket: Ticket) -> Vec<(Ticket, Q)> {
        let mut inner = self.lock();
        let starts = inner.release(ticket);
        if let Some(held) = inner.calls.remove(&ticket) {
            inner.wakes.remove(&(held.wake, ticket));
        }
        let idle = inner.calls.is_empty();
        drop(inner);
        if idle {
            self.idle.notify_waiters();
        }
        starts
    }

    /// Runs `tell` if the call is neither answered nor given up; nobody answers it meanwhile.
    pub(super) fn while_held<T>(&self, ticket: Ticket, tell: impl FnOnce() -> T) -> Option<T> {
        let inner = self.lock();
        let held = inner.calls.get(&ticket)?;
        (!matches!(held.stage, Stage::Settled)).then(tell)
    }

    /// Takes what is due. Those that had not started are to [`end`](Self::end).
    pub(super) fn due(&self, now: Instant) -> Due<Q, R> {
        self.lock().due(now)
    }

    /// Takes every call: those that had not started, which are to [`end`](Self::end), and those that run.
    /// Those that are about to run are too late.
    pub(super) fn take_all(&self) -> (Vec<(Ticket, Q)>, Vec<R>) {
        let mut inner = self.lock();
        let now = Instant::now();
        let tickets: Vec<Ticket> = inner.calls.keys().copied().collect();
        let (mut waiting, mut running) = (Vec::new(), Vec::new());
        for ticket in tickets {
            running.extend(inner.take(ticket));
            waiting.extend(inner.take_unstarted(ticket).map(|call| (ticket, call)));
            // One that is being read finds out itself.
            if let Some(held) = inner.calls.get_mut(&ticket)
                && matches!(held.stage, Stage::Starts)
            {
                held.deadline = held.deadline.min(now);
            }
        }
        (waiting, running)
    }

    /// Blocks this thread until something may be due: a deadline, or a while after a call came. `false` once
    /// the table is [`close`](Self::close)d.
    pub(super) fn sleep(&self) -> bool {
        let mut inner = self.lock();
        // A call that comes finds somebody who wakes soon anyway, most of the time: waking costs.
        if inner.calls.is_empty() && inner.seen == inner.next {
            inner.sleeps_until = None;
            while inner.seen == inner.next && !inner.closed {
                inner = self
                    .earlier
                    .wait(inner)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
        inner.seen = inner.next;
        let tick = Instant::now() + TICK;
        while !inner.closed {
            let until = inner.wakes.first().map_or(tick, |first| first.0.min(tick));
            let time = until.saturating_duration_since(Instant::now());
            if time.is_zero() {
                return true;
            }
            inner.sleeps_until = Some(until);
            let waited = self.earlier.wait_timeout(inner, time);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    /// Ends the sleep for good.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.earlier.notify_all();
    }

    /// Whether no call is held.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().calls.is_empty()
    }

    /// Waits until no call is held.
    pub(super) async fn idle(&self) {
        loop {
            let notified = self.idle.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.is_idle() {
                return;
            }
            notified.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<Q, R>> {
        // Nothing in here panics while it holds the lock, so a poisoned one is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q: Clone, R: Clone> Inner<Q, R> {
    fn run(&mut self, ticket: Ticket, call: R, now: Instant) -> Ran {
        let Some(held) = self.calls.get_mut(&ticket) else {
            return Ran::Stopped;
        };
        let (stage, ran) = match held.stage {
            Stage::Starts if now < held.deadline => (Stage::Runs(call), Ran::Runs),
            Stage::Starts => (Stage::Settled, Ran::Late),
            _ => (Stage::Settled, Ran::Stopped),
        };
        held.stage = stage;
        ran
    }

    fn take(&mut self, ticket: Ticket) -> Option<R> {
        let held = self.calls.get_mut(&ticket)?;
        if !matches!(held.stage, Stage::Runs(_)) {
            return None;
        }
        self.wakes.remove(&(held.wake, ticket));
        match std::mem::replace(&mut held.stage, Stage::Settled) {
            Stage::Runs(call) => Some(call),
            _ => None,
        }
    }

    fn take_unstarted(&mut self, ticket: Ticket) -> Option<Q> {
        let held = self.calls.get_mut(&ticket)?;
        if !matches!(held.stage, Stage::Waits(_)) {
            return None;
        }
        self.wakes.remove(&(held.wake, ticket));
        self.places.forget(ticket, &held.want);
        match std::mem::replace(&mut held.stage, Stage::Settled) {
            Stage::Waits(call) => Some(call),
            _ => None,
        }
    }

    fn release(&mut self, ticket: Ticket) -> Vec<(Ticket, Q)> {
        let mut starts = Vec::new();
        if let Some(held) = self.calls.get_mut(&ticket)
            && std::mem::take(&mut held.has_place)
        {
            self.places.leave(&held.want);
        }
        while let Some(ticket) = self.places.next() {
            let Some(held) = self.calls.get_mut(&ticket) else {
                continue;
            };
            held.has_place = true;
            if let Stage::Waits(call) = std::mem::replace(&mut held.stage, Stage::Starts) {
                starts.push((ticket, call));
            }
        }
        starts
    }

    fn due(&mut self, now: Instant) -> Due<Q, R> {
        let mut due = Due {
            unstarted: Vec::new(),
            expired: Vec::new(),
            held: Vec::new(),
        };
        while let Some(&(wake, ticket)) = self.wakes.first().filter(|first| first.0 <= now) {
            self.wakes.remove(&(wake, ticket));
            let Some(held) = self.calls.get_mut(&ticket) else {
                continue;
            };
            if held.deadline <= now {
                // One that is being read finds out itself.
                due.expired.extend(self.take(ticket));
                let unstarted = self.take_unstarted(ticket);
                due.unstarted.extend(unstarted.map(|call| (ticket, call)));
                continue;
            }
            held.wake = match &held.stage {
                Stage::Starts => now + TICK / 10,
                _ => held.deadline,
            };
            self.wakes.insert((held.wake, ticket));
            let holding = match &held.stage {
                Stage::Waits(call) => Holding::Waits(call.clone()),
                Stage::Runs(call) => Holding::Runs(call.clone()),
                Stage::Starts | Stage::Settled => continue,
            };
            due.held.push((ticket, holding));
        }
        due
    }
}

#[cfg(test)]
impl Ticket {
    pub(super) fn of(number: u64) -> Self {
        Self(number)
    }
}

#[cfg(test)]
#[path = "in_flight_tests.rs"]
mod tests;
