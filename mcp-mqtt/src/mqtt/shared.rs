//! What the handles of a connection and its polling task share: the ledger, the queue's room, the state.
//!
//! A request is queued and noted in the ledger under one lock, so that both have the same order; the task takes
//! everything back under the same lock, so that nothing is queued for a connection that is gone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rumqttc::v5::AsyncClient;
use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError, oneshot, watch};

use super::error::{ConnectionError, RequestError};
use super::ledger::{Ledger, Left, Outcome};
use super::limits::Limits;
use super::request::Request;

/// How many requests may be queued, waiting to leave. The next ones wait for room, first come first served, without
/// being queued.
pub(super) const ROOM: usize = 1024;

/// Where a connection is, for those who wait for it.
#[derive(Clone, Debug)]
pub(super) enum Status {
    /// Trying, with what went wrong last.
    Connecting(
        #[cfg_attr(not(test), expect(dead_code, reason = "tests read it"))] Option<ConnectionError>,
    ),
    Connected,
    /// For good.
    Ended(ConnectionError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// Nothing new is taken; what was asked for before is finished.
    Closing,
    /// DISCONNECT is queued: nothing may come behind it.
    Leaving,
}

struct State {
    phase: Phase,
    ledger: Ledger,
    /// `Some` while connected.
    limits: Option<Limits>,
    /// Requests made before the close that have no room yet.
    waiting: usize,
}

pub(super) struct Shared {
    state: Mutex<State>,
    room: Semaphore,
    status: watch::Sender<Status>,
    client: AsyncClient,
}

impl Shared {
    /// `client`'s queue must hold [`ROOM`] requests and the DISCONNECT.
    pub(super) fn new(client: AsyncClient) -> Self {
        let state = State {
            phase: Phase::Open,
            ledger: Ledger::default(),
            limits: None,
            waiting: 0,
        };
        Self {
            state: Mutex::new(state),
            room: Semaphore::new(ROOM),
            status: watch::Sender::new(Status::Connecting(None)),
            client,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and if it did, the ledger would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues `request` now if there is room, else as soon as there is. The future only waits for the result:
    /// dropping it takes back nothing that is queued.
    pub(super) fn submit<R: Request>(
        self: &Arc<Self>,
        request: R,
    ) -> impl Future<Output = Outcome<R::Answer>> + Send + 'static + use<R> {
        let begun = match self.room.try_acquire() {
            Ok(permit) => self.queue(request, permit, false).map(Begun::Queued),
            Err(TryAcquireError::Closed) => Err(RequestError::NotConnected),
            Err(TryAcquireError::NoPermits) => self
                .wait_for_room()
                .map(|place| Begun::Waiting(place, request)),
        };
        async move {
            let answer = match begun? {
                Begun::Queued(answer) => answer,
                // Whoever asked while connected is told the same as those who were queued by then.
                Begun::Waiting(place, request) => match place.0.room.acquire().await {
                    Err(_) => Err(RequestError::NotSent),
                    Ok(permit) => {
                        place
                            .0
                            .queue(request, permit, true)
                            .map_err(|error| match error {
                                RequestError::NotConnected => RequestError::NotSent,
                                error => error,
                            })
                    }
                }?,
            };
            // The ledger drops no sender without a result; should it ever, the outcome is unknown.
            answer.await.unwrap_or(Err(RequestError::Lost))
        }
    }

    fn queue<R: Request>(
        &self,
        request: R,
        permit: SemaphorePermit<'_>,
        waited: bool,
    ) -> Result<oneshot::Receiver<Outcome<R::Answer>>, RequestError> {
        let mut state = self.lock();
        let limits = state.limits.as_ref().ok_or(RequestError::NotConnected)?;
        if !(state.phase == Phase::Open || waited && state.phase == Phase::Closing) {
            return Err(RequestError::NotConnected);
        }
        request.check(limits)?;
        let (sender, answer) = oneshot::channel();
        let waiter = R::waiter(&request, sender);
        // It cannot be full: its capacity is that of the room.
        if !request.send(&self.client) {
            return Err(RequestError::NotConnected);
        }
        state.ledger.queued(waiter);
        // Given back when the request leaves.
        permit.forget();
        Ok(answer)
    }

    fn wait_for_room(self: &Arc<Self>) -> Result<Place, RequestError> {
        let mut state = self.lock();
        if state.phase != Phase::Open || state.limits.is_none() {
            return Err(RequestError::NotConnected);
        }
        state.waiting += 1;
        Ok(Place(Arc::clone(self)))
    }

    /// Notes the CONNACK. From here on requests are taken.
    pub(super) fn connected(&self, limits: Limits) {
        self.lock().limits = Some(limits);
    }

    /// A request left. `false` if the ledger lost its order.
    #[must_use]
    pub(super) fn left(&self, left: Left, id: u16) -> bool {
        self.room.add_permits(1);
        self.update(|ledger| ledger.left(left, id))
    }

    /// Changes the ledger; says goodbye if that was the last that a close waited for.
    pub(super) fn update<T>(&self, change: impl FnOnce(&mut Ledger) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state.ledger);
        self.leave_if_done(&mut state);
        result
    }

    /// Ends the connection for every request: `take_back` empties rumqttc's queues, and meanwhile nothing is added.
    pub(super) fn lost(&self, take_back: impl FnOnce()) {
        let unsent = {
            let mut state = self.lock();
            take_back();
            state.limits = None;
            state.ledger.lost()
        };
        self.room.add_permits(unsent);
    }

    /// The task is over.
    pub(super) fn ended(&self, why: ConnectionError) {
        self.room.close();
        self.status.send_replace(Status::Ended(why));
    }

    pub(super) fn set_status(&self, status: Status) {
        self.status.send_replace(status);
    }

    pub(super) fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    #[cfg(test)]
    pub(super) fn limits(&self) -> Option<Limits> {
        self.lock().limits.clone()
    }

    #[cfg(test)]
    pub(super) fn max_packet_size(&self) -> Option<u32> {
        self.lock()
            .limits
            .as_ref()
            .and_then(|limits| limits.max_packet_size)
    }

    pub(super) fn is_connected(&self) -> bool {
        self.lock().limits.is_some()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.lock().phase != Phase::Open
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.lock().phase == Phase::Leaving
    }

    /// Takes nothing new; the DISCONNECT follows what was asked for before. `false` if there is no connection to say
    /// it on.
    pub(super) fn close(&self) -> bool {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Closing;
        }
        self.leave_if_done(&mut state);
        state.limits.is_some()
    }

    /// Sends the DISCONNECT although something is unfinished, and says how much that is.
    pub(super) fn leave_now(&self) -> usize {
        let mut state = self.lock();
        self.leave(&mut state);
        state.ledger.unanswered()
    }

    /// Takes nothing new, and nothing is finished.
    pub(super) fn cut(&self) {
        self.lock().phase = Phase::Leaving;
    }

    fn leave_if_done(&self, state: &mut State) {
        if state.phase == Phase::Closing && state.waiting == 0 && state.ledger.is_idle() {
            self.leave(state);
        }
    }

    fn leave(&self, state: &mut State) {
        if state.phase != Phase::Leaving {
            state.phase = Phase::Leaving;
            // The last place in the queue is kept for it.
            drop(self.client.try_disconnect());
        }
    }
}

enum Begun<R: Request> {
    Queued(oneshot::Receiver<Outcome<R::Answer>>),
    Waiting(Place, R),
}

/// A request's place among those that wait for room.
struct Place(Arc<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.waiting -= 1;
        self.0.leave_if_done(&mut state);
    }
}
