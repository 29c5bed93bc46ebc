//! What the handles of a connection and its polling task share: the ledger, the queue's room, the state.
//!
//! A request is queued and noted in the ledger under one lock, so that both have the same order; the task takes
//! everything back under the same lock, so that nothing is queued for a connection that is gone.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rumqttc::v5::AsyncClient;
use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError, oneshot, watch};

use super::error::{ConnectionError, RequestError};
use super::ledger::{Failed, Ledger, Left, Outcome};
use super::limits::Limits;
use super::packet::Publish;
use super::request::{Request, Role, Unawaited};
use super::state::{Intent, Line, State};

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
    /// One connection becomes two.
    Splitting,
    /// For good.
    Ended(ConnectionError),
}

pub(super) struct Shared {
    state: Mutex<State>,
    room: Semaphore,
    status: watch::Sender<Status>,
}

impl Shared {
    /// For one connection. The queue of each client must hold [`ROOM`] requests and the DISCONNECT.
    pub(super) fn new(client: AsyncClient, divisible: bool) -> Self {
        Self {
            state: Mutex::new(State::new(client, divisible)),
            room: Semaphore::new(ROOM),
            status: watch::Sender::new(Status::Connecting(None)),
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
        let begun = self.begin(request).map(|begun| match begun {
            Begun::Queued(answer) => Submitted::Queued(answer),
            // On the heap, since the future of every request would be as large as its packet, and those of the
            // tasks that hold it several times that.
            begun => Submitted::Waiting(Box::pin(Arc::clone(self).queued(begun))),
        });
        async move {
            let answer = match begun? {
                Submitted::Queued(answer) => answer,
                Submitted::Waiting(queued) => queued.await?,
            };
            // The ledger drops no sender without a result; should it ever, the outcome is unknown.
            answer.await.unwrap_or(Err(RequestError::Lost))
        }
    }

    /// Queues what has begun as soon as that is possible.
    async fn queued<R: Request>(
        self: Arc<Self>,
        mut begun: Begun<R>,
    ) -> Result<Answer<R::Answer>, RequestError> {
        loop {
            begun = match begun {
                Begun::Queued(answer) => return Ok(answer),
                // Whoever asked while connected is told the same as those who were queued by then.
                Begun::Waiting(place, request) => {
                    let permit = self.room.acquire().await;
                    let permit = permit.map_err(|_| RequestError::NotSent)?;
                    let begun = self.queue(request, permit, true);
                    drop(place);
                    begun.map_err(not_sent)?
                }
                Begun::Held(request) => {
                    self.split_over().await.map_err(not_sent)?;
                    self.begin(request)?
                }
            };
        }
    }

    /// Queues `publish` if that is possible at once.
    pub(super) fn submit_now(&self, publish: Publish, failed: Failed) -> bool {
        let Ok(permit) = self.room.try_acquire() else {
            return false;
        };
        let begun = self.queue(Unawaited(publish, Some(failed)), permit, false);
        matches!(begun, Ok(Begun::Queued(_)))
    }

    fn begin<R: Request>(self: &Arc<Self>, request: R) -> Result<Begun<R>, RequestError> {
        match self.room.try_acquire() {
            Ok(permit) => self.queue(request, permit, false),
            Err(TryAcquireError::Closed) => Err(RequestError::NotConnected),
            Err(TryAcquireError::NoPermits) => self.wait_for_room(request),
        }
    }

    fn queue<R: Request>(
        &self,
        mut request: R,
        permit: SemaphorePermit<'_>,
        waited: bool,
    ) -> Result<Begun<R>, RequestError> {
        let mut state = self.lock();
        match state.intent {
            Intent::Split if !waited => return Ok(Begun::Held(request)),
            Intent::Close if !waited => return Err(RequestError::NotConnected),
            _ => {}
        }
        let line = state.line(R::ROLE);
        let limits = line.limits.as_ref().ok_or(RequestError::NotConnected)?;
        if line.left {
            return Err(RequestError::NotConnected);
        }
        request.check(limits)?;
        let (sender, answer) = oneshot::channel();
        let waiter = request.waiter(sender);
        // It cannot be full: its capacity is that of the room.
        if !request.send(&line.client) {
            return Err(RequestError::NotConnected);
        }
        line.ledger.queued(waiter);
        // Given back when the request leaves.
        permit.forget();
        Ok(Begun::Queued(answer))
    }

    fn wait_for_room<R: Request>(self: &Arc<Self>, request: R) -> Result<Begun<R>, RequestError> {
        let mut state = self.lock();
        match state.intent {
            Intent::Split => Ok(Begun::Held(request)),
            Intent::Stay if state.publishing.limits.is_some() => {
                state.waiting += 1;
                Ok(Begun::Waiting(Place(Arc::clone(self)), request))
            }
            _ => Err(RequestError::NotConnected),
        }
    }

    /// Waits until the connection is two, or the attempt at it has failed.
    pub(super) async fn split_over(&self) -> Result<(), RequestError> {
        let mut status = self.status.subscribe();
        match status
            .wait_for(|status| !matches!(status, Status::Splitting))
            .await
            .as_deref()
        {
            Ok(Status::Connected) => Ok(()),
            _ => Err(RequestError::NotConnected),
        }
    }

    /// Asks for two connections; `false` if that cannot be, or is so already.
    pub(super) fn split(&self) -> bool {
        let mut state = self.lock();
        let splits =
            state.divisible && state.intent == Intent::Stay && state.publishing.limits.is_some();
        if splits {
            state.intent = Intent::Split;
            self.set_status(Status::Splitting);
            state.leave_if_done();
        }
        splits
    }

    /// Takes that back, unless it is on the way.
    pub(super) fn stay(&self) {
        let mut state = self.lock();
        let publishing = &state.publishing;
        if state.intent == Intent::Split && publishing.limits.is_some() && !publishing.left {
            state.stay();
            self.set_status(Status::Connected);
        }
    }

    /// From now on `client` is for subscribing. Not while connected.
    pub(super) fn pair(&self, client: AsyncClient) {
        let mut state = self.lock();
        state.divisible = false;
        state.subscribing = Some(Line::new(client));
    }

    /// From now on and for good one connection is for everything. Not while connected.
    pub(super) fn unite(&self) {
        self.lock().subscribing = None;
    }

    pub(super) fn is_pair(&self) -> bool {
        self.lock().subscribing.is_some()
    }

    pub(super) fn is_divisible(&self) -> bool {
        self.lock().divisible
    }

    /// Notes the CONNACKs. From here on requests are taken.
    pub(super) fn connected(&self, publishing: Limits, subscribing: Option<Limits>) {
        let mut state = self.lock();
        state.publishing.limits = Some(publishing);
        if let Some(line) = &mut state.subscribing {
            line.limits = subscribing;
        }
        state.stay();
    }

    /// The handler has been told of the connection. Those who wait for it go on: at once after what the handler
    /// requested where that takes the same way, else when that has its answers.
    pub(super) fn settle(&self) {
        let mut state = self.lock();
        state.settling = true;
        self.settle_if_done(&mut state);
    }

    fn settle_if_done(&self, state: &mut State) {
        let idle = |line: &Line| line.ledger.is_idle();
        if state.settling && state.subscribing.as_ref().is_none_or(idle) {
            state.settling = false;
            self.set_status(Status::Connected);
        }
    }

    /// There is no connection any more, or there was none; another attempt follows.
    pub(super) fn connecting(&self, error: ConnectionError) {
        let mut state = self.lock();
        state.stay();
        self.set_status(Status::Connecting(Some(error)));
    }

    /// A request left. `false` if the ledger lost its order.
    #[must_use]
    pub(super) fn left(&self, role: Role, left: Left, id: u16) -> bool {
        self.room.add_permits(1);
        self.update(role, |ledger| ledger.left(left, id))
    }

    /// Changes the ledger; says goodbye if that was the last that a close waited for.
    pub(super) fn update<T>(&self, role: Role, change: impl FnOnce(&mut Ledger) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state.line(role).ledger);
        state.leave_if_done();
        self.settle_if_done(&mut state);
        result
    }

    /// Ends the connection for every request: `take_back` empties rumqttc's queues, and meanwhile nothing is added.
    pub(super) fn lost(&self, take_back: impl FnOnce()) {
        let unsent = {
            let mut state = self.lock();
            take_back();
            state.settling = false;
            state
                .lines()
                .map(|line| {
                    line.limits = None;
                    line.left = false;
                    line.ledger.lost()
                })
                .sum()
        };
        self.room.add_permits(unsent);
    }

    /// The task is over.
    pub(super) fn ended(&self, why: ConnectionError) {
        self.room.close();
        self.set_status(Status::Ended(why));
    }

    fn set_status(&self, status: Status) {
        self.status.send_replace(status);
    }

    pub(super) fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    #[cfg(test)]
    pub(super) fn limits(&self) -> Option<Limits> {
        self.lock().publishing.limits.clone()
    }

    #[cfg(test)]
    pub(super) fn max_packet_size(&self) -> Option<u32> {
        self.limits().and_then(|limits| limits.max_packet_size)
    }

    pub(super) fn is_connected(&self) -> bool {
        self.lock().publishing.limits.is_some()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.lock().intent == Intent::Close
    }

    pub(super) fn is_leaving(&self, role: Role) -> bool {
        self.lock().line(role).left
    }

    /// Takes nothing new; the DISCONNECT follows what was asked for before. `false` if there is no connection to say
    /// it on.
    pub(super) fn close(&self) -> bool {
        let mut state = self.lock();
        state.intent = Intent::Close;
        state.leave_if_done();
        state.publishing.limits.is_some()
    }

    /// Sends the DISCONNECT although something is unfinished, and says how much that is.
    pub(super) fn leave_now(&self) -> usize {
        let mut state = self.lock();
        state.publishing.leave();
        state.lines().map(|line| line.ledger.unanswered()).sum()
    }

    /// The same for the one that subscribes, now that the one that publishes has left.
    pub(super) fn leave_too(&self) {
        self.lock().line(Role::Subscribing).leave();
    }

    /// Takes nothing new, and nothing is finished.
    pub(super) fn cut(&self) {
        let mut state = self.lock();
        state.intent = Intent::Close;
        state.lines().for_each(|line| line.left = true);
    }
}

fn not_sent(error: RequestError) -> RequestError {
    match error {
        RequestError::NotConnected => RequestError::NotSent,
        error => error,
    }
}

type Answer<T> = oneshot::Receiver<Outcome<T>>;

/// A request whose answer, or whose place in the queue, is waited for.
enum Submitted<T> {
    Queued(Answer<T>),
    Waiting(Pin<Box<dyn Future<Output = Result<Answer<T>, RequestError>> + Send>>),
}

enum Begun<R: Request> {
    Queued(Answer<R::Answer>),
    /// For room.
    Waiting(Place, R),
    /// For the end of a split.
    Held(R),
}

/// A request's place among those that wait for room.
struct Place(Arc<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.waiting -= 1;
        state.leave_if_done();
    }
}
