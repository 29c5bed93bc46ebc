//! The calls that are being worked on: how many, until when, and who of several answers.
//!
//! A call is answered once: by its tool, by its deadline or at the end of the server, whichever takes
//! it out of this table first. Time comes in as values, so this is tested without a clock.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

/// Names a call in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// The table; `T` is what it takes to stop and answer a call.
pub(super) struct InFlight<T> {
    inner: Mutex<Inner<T>>,
    /// Woken when the earliest deadline may have changed.
    deadline_changed: Notify,
    /// Woken when the last call has ended.
    idle: Notify,
}

struct Inner<T> {
    next: u64,
    /// Admitted and not yet ended, whether answered or not.
    busy: usize,
    calls: HashMap<Ticket, Entry<T>>,
    deadlines: BTreeSet<(Instant, Ticket)>,
}

struct Entry<T> {
    deadline: Instant,
    call: T,
}

impl<T> Default for InFlight<T> {
    fn default() -> Self {
        Self {
            inner: Mutex::new(Inner {
                next: 0,
                busy: 0,
                calls: HashMap::new(),
                deadlines: BTreeSet::new(),
            }),
            deadline_changed: Notify::new(),
            idle: Notify::new(),
        }
    }
}

impl<T> InFlight<T> {
    /// Takes a call in, if fewer than `limit` are there. Each admitted call is to be [`end`](Self::end)ed.
    pub(super) fn admit(&self, limit: usize) -> Option<Ticket> {
        let mut inner = self.lock();
        if inner.busy >= limit {
            return None;
        }
        inner.busy += 1;
        inner.next += 1;
        Some(Ticket(inner.next))
    }

    /// From here on the call is answered at `deadline` at the latest. Wakes whoever waits for a change
    /// of deadlines even if the earliest stays the same.
    pub(super) fn start(&self, ticket: Ticket, deadline: Instant, call: T) {
        let mut inner = self.lock();
        inner.deadlines.insert((deadline, ticket));
        inner.calls.insert(ticket, Entry { deadline, call });
        drop(inner);
        self.deadline_changed.notify_one();
    }

    /// Takes the right to answer: `Some` for exactly one taker.
    pub(super) fn take(&self, ticket: Ticket) -> Option<T> {
        let mut inner = self.lock();
        let entry = inner.calls.remove(&ticket)?;
        inner.deadlines.remove(&(entry.deadline, ticket));
        Some(entry.call)
    }

    /// Takes every call whose deadline has come.
    pub(super) fn take_expired(&self, now: Instant) -> Vec<T> {
        let mut inner = self.lock();
        let mut expired = Vec::new();
        while let Some(&(deadline, ticket)) = inner.deadlines.first() {
            if deadline > now {
                break;
            }
            inner.deadlines.pop_first();
            expired.extend(inner.calls.remove(&ticket).map(|entry| entry.call));
        }
        expired
    }

    /// Takes every call.
    pub(super) fn take_all(&self) -> Vec<T> {
        let mut inner = self.lock();
        inner.deadlines.clear();
        inner.calls.drain().map(|(_, entry)| entry.call).collect()
    }

    /// The call's task has ended.
    pub(super) fn end(&self) {
        let mut inner = self.lock();
        inner.busy = inner.busy.saturating_sub(1);
        let idle = inner.busy == 0;
        drop(inner);
        if idle {
            self.idle.notify_waiters();
        }
    }

    /// The earliest deadline.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.lock().deadlines.first().map(|first| first.0)
    }

    /// Waits until the earliest deadline may be another one.
    pub(super) async fn deadline_changed(&self) {
        self.deadline_changed.notified().await;
    }

    /// Waits until no call is there.
    pub(super) async fn idle(&self) {
        loop {
            let notified = self.idle.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.lock().busy == 0 {
                return;
            }
            notified.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        // Nothing in here panics while it holds the lock, so a poisoned one is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_full_table_admits_nobody_until_one_ends() {
        let table = InFlight::<()>::default();
        assert!(table.admit(1).is_some());
        assert_eq!(table.admit(1), None);
        table.end();
        assert!(table.admit(1).is_some());
    }

    #[test]
    fn one_of_tool_and_deadline_answers() {
        let table = InFlight::default();
        let now = Instant::now();
        let (early, late) = (table.admit(9).unwrap(), table.admit(9).unwrap());
        table.start(late, now + 2 * SECOND, "late");
        table.start(early, now + SECOND, "early");
        assert_eq!(table.next_deadline(), Some(now + SECOND));
        assert_eq!(table.take_expired(now + SECOND), ["early"]);
        assert_eq!(table.take(early), None);
        assert_eq!(table.take(late), Some("late"));
        assert!(table.take_expired(now + 9 * SECOND).is_empty());
        assert_eq!(table.next_deadline(), None);
    }

    #[test]
    fn the_end_of_the_server_takes_what_is_left() {
        let table = InFlight::default();
        let ticket = table.admit(9).unwrap();
        table.start(ticket, Instant::now() + SECOND, 7);
        assert_eq!(table.take_all(), [7]);
        assert_eq!(table.take(ticket), None);
    }

    #[tokio::test]
    async fn idle_comes_when_the_last_call_has_ended() {
        let table = std::sync::Arc::new(InFlight::<()>::default());
        table.idle().await;
        table.admit(9).unwrap();
        let waiting = tokio::spawn({
            let table = table.clone();
            async move { table.idle().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        table.end();
        waiting.await.unwrap();
    }
}
