//! Which answer belongs to which request. Knows no socket, no task and no clock.
//!
//! rumqttc gives no handle for a request. But requests leave in the order in which they were queued, and each one
//! that leaves is reported with its packet id: so a queue of waiters in the same order, and a table by packet id, tie
//! every answer to its request. All of it ends with the connection: nothing is carried over to the next one, so no
//! answer can meet a waiter of another connection.

use std::collections::VecDeque;
use std::fmt;

use tokio::sync::oneshot;

use super::error::RequestError;
use super::packet::{Published, Qos};
use super::reason::ReasonCode;

/// The result of one request.
pub(super) type Outcome<T> = Result<T, RequestError>;

/// Where the result of a request goes.
type Answer<T> = oneshot::Sender<Outcome<T>>;

/// Called in the connection's task, which holds its lock meanwhile: it must neither make requests nor drop a connection.
pub(crate) type Failed = Box<dyn FnOnce(Outcome<Published>) + Send>;

/// Who is told how a publish went.
pub(super) enum Told {
    /// Whoever waits for it.
    Always(Answer<Published>),
    /// Somebody, if it was not delivered: waking a task for each one that was would cost more than the publish.
    OfFailure(Option<Failed>),
}

impl Told {
    fn tell(self, outcome: Outcome<Published>) {
        match self {
            Self::Always(to) => drop(to.send(outcome)),
            Self::OfFailure(failed) if outcome != Ok(Published::Delivered) => {
                if let Some(failed) = failed {
                    failed(outcome);
                }
            }
            Self::OfFailure(_) => {}
        }
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told")
    }
}

/// What a SUBACK says, filter by filter.
pub(crate) type Grants = Vec<Result<Qos, ReasonCode>>;

/// The requests by kind. A receiver that is gone is no fault: nobody waits any more.
#[derive(Debug)]
pub(super) enum Waiter {
    Publish(Qos, Told),
    /// With the number of its filters.
    Subscribe(usize, Answer<Grants>),
    Unsubscribe(Answer<()>),
}

impl Waiter {
    fn fail(self, error: RequestError) {
        match self {
            Self::Publish(_, told) => told.tell(Err(error)),
            Self::Subscribe(_, to) => drop(to.send(Err(error))),
            Self::Unsubscribe(to) => drop(to.send(Err(error))),
        }
    }
}

/// What left, as rumqttc reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Publish,
    Subscribe,
    Unsubscribe,
}

/// The requests of one connection that have no result yet.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    queued: VecDeque<Waiter>,
    /// By packet id.
    publishes: Vec<Option<Told>>,
    /// In the order sent, with packet ids that may repeat: rumqttc takes them from the counter for publishes and
    /// keeps no table of them. Few at a time.
    subscribes: VecDeque<(u16, (usize, Answer<Grants>))>,
    unsubscribes: VecDeque<(u16, Answer<()>)>,
    /// How many wait for an answer to what left.
    unanswered: usize,
}

impl Ledger {
    /// A request was queued.
    pub(super) fn queued(&mut self, waiter: Waiter) {
        self.queued.push_back(waiter);
    }

    /// The oldest queued request left with this packet id. `false` if it is of another kind, which means that the
    /// order is lost and no answer can be trusted any more.
    #[must_use]
    pub(super) fn left(&mut self, left: Left, id: u16) -> bool {
        match (left, self.queued.pop_front()) {
            (Left::Publish, Some(Waiter::Publish(Qos::AtMostOnce, told))) => {
                told.tell(Ok(Published::Delivered));
                return true;
            }
            (Left::Publish, Some(Waiter::Publish(Qos::AtLeastOnce, told))) => {
                let slot = usize::from(id);
                if slot >= self.publishes.len() {
                    self.publishes.resize_with(slot + 1, || None);
                }
                if let Some(place) = self.publishes.get_mut(slot)
                    && let Some(older) = place.replace(told)
                {
                    // The id was free for rumqttc: its answer came in a form that MQTT does not allow.
                    older.tell(Err(RequestError::Lost));
                    self.unanswered -= 1;
                }
            }
            (Left::Subscribe, Some(Waiter::Subscribe(filters, to))) => {
                self.subscribes.push_back((id, (filters, to)));
            }
            (Left::Unsubscribe, Some(Waiter::Unsubscribe(to))) => {
                self.unsubscribes.push_back((id, to))
            }
            (_, waiter) => {
                if let Some(waiter) = waiter {
                    waiter.fail(RequestError::Lost);
                }
                return false;
            }
        }
        self.unanswered += 1;
        true
    }

    /// A PUBACK came.
    pub(super) fn published(&mut self, id: u16, reason: ReasonCode) {
        if let Some(told) = self
            .publishes
            .get_mut(usize::from(id))
            .and_then(Option::take)
        {
            self.unanswered -= 1;
            told.tell(match reason {
                ReasonCode::NO_MATCHING_SUBSCRIBERS => Ok(Published::NoSubscriber),
                reason if reason.is_failure() => Err(RequestError::Refused(reason)),
                _ => Ok(Published::Delivered),
            });
        }
    }

    /// A SUBACK came. `false` if it does not have one code for each filter (MQTT 5.0 §3.9.3): what it means cannot be
    /// told, and nothing will ever answer the request.
    #[must_use]
    pub(super) fn subscribed(&mut self, id: u16, grants: Grants) -> bool {
        let Some((filters, to)) = take(&mut self.subscribes, id) else {
            return true;
        };
        self.unanswered -= 1;
        let fits = grants.len() == filters;
        drop(to.send(if fits {
            Ok(grants)
        } else {
            Err(RequestError::Lost)
        }));
        fits
    }

    /// An UNSUBACK came.
    pub(super) fn unsubscribed(&mut self, id: u16, reason: ReasonCode) {
        if let Some(to) = take(&mut self.unsubscribes, id) {
            self.unanswered -= 1;
            drop(to.send(if reason.is_failure() {
                Err(RequestError::Refused(reason))
            } else {
                Ok(())
            }));
        }
    }

    /// The connection is gone: everything gets its result. Returns how many had not left.
    pub(super) fn lost(&mut self) -> usize {
        let unsent = self.queued.len();
        self.queued
            .drain(..)
            .for_each(|waiter| waiter.fail(RequestError::NotSent));
        for told in self.publishes.drain(..).flatten() {
            told.tell(Err(RequestError::Lost));
        }
        self.subscribes
            .drain(..)
            .for_each(|(_, (_, to))| drop(to.send(Err(RequestError::Lost))));
        self.unsubscribes
            .drain(..)
            .for_each(|(_, to)| drop(to.send(Err(RequestError::Lost))));
        self.unanswered = 0;
        unsent
    }

    /// Whether every request has its result.
    pub(super) fn is_idle(&self) -> bool {
        self.queued.is_empty() && self.unanswered == 0
    }

    /// How many have left without an answer so far.
    pub(super) fn unanswered(&self) -> usize {
        self.unanswered
    }
}

fn take<T>(sent: &mut VecDeque<(u16, T)>, id: u16) -> Option<T> {
    let place = sent.iter().position(|(sent_id, _)| *sent_id == id)?;
    sent.remove(place).map(|(_, to)| to)
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
