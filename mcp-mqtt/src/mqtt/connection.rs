//! The handle of a connection, and what its handler is told.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::timeout;
#[cfg(test)]
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use super::connections::Connections;
use super::driver::Driver;
use super::error::{ConnectionError, PublishError, RequestError};
use super::half::queue;
use super::ledger::Grants;
#[cfg(test)]
use super::limits::Limits;
use super::options::{ConnectOptions, OptionsError, OptionsFault};
use super::packet::{Message, Publish, Published, Subscription, Will};
use super::request::{SubscribeAll, UnsubscribeOne};
use super::shared::{Shared, Status};
use super::{names, prepare};

/// How long [`Connection::disconnect`] waits for what is queued and unacknowledged.
const FINISH: Duration = Duration::from_secs(5);

/// How long it then waits for the DISCONNECT to leave, and the broker to close.
const LEAVE: Duration = Duration::from_secs(2);

/// What happens on a connection.
#[derive(Debug)]
pub(crate) enum Event {
    /// The broker accepted the connection. Without a session nothing is subscribed any more.
    Connected {
        session_present: bool,
    },
    Message(Message),
    /// The connection broke, or an attempt to connect failed: told once for each attempt. Every request has its result
    /// already.
    Lost {
        error: ConnectionError,
        /// When the next attempt begins; `None`: there is none, the connection has ended.
        retry_in: Option<Duration>,
    },
}

/// A connection to the broker, or two that publish and subscribe and are one to its users: they come and go together.
/// Requests leave in the order in which they were made, but with two connections not the publishes in that of the
/// others.
///
/// It is made again whenever it breaks, until it is closed or every handle is dropped (which closes it without a
/// DISCONNECT, so that the will fires). Subscribing again is the business of the handler.
#[derive(Clone)]
pub(crate) struct Connection {
    owner: Arc<Owner>,
}

/// A handle that keeps nothing alive: for the handler, which would otherwise keep its own connection.
#[derive(Clone)]
pub(crate) struct WeakConnection(Weak<Owner>);

impl WeakConnection {
    pub(crate) fn upgrade(&self) -> Option<Connection> {
        self.0.upgrade().map(|owner| Connection { owner })
    }
}

struct Owner {
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.cut();
        self.task.abort();
    }
}

impl Connection {
    /// Starts connecting, in a task of its own.
    ///
    /// `handler` runs in that task, between two packets: it must not block or take long. It may make requests; they
    /// are queued when it makes them, but their results only come after it returned, so it must not wait for them.
    ///
    /// # Errors
    /// Every fault of `options` and `will`.
    pub(crate) fn open(
        options: ConnectOptions,
        will: Option<Will>,
        handler: impl FnMut(Event) + Send + 'static,
    ) -> Result<Self, OptionsError> {
        Self::open_with(options, will, |_| handler)
    }

    /// The same for a handler that makes requests itself: `handler` makes it from a weak handle, which upgrades from
    /// the first event on.
    pub(crate) fn open_with<H: FnMut(Event) + Send + 'static>(
        options: ConnectOptions,
        will: Option<Will>,
        handler: impl FnOnce(WeakConnection) -> H,
    ) -> Result<Self, OptionsError> {
        let plan = prepare::prepare(&options, will)?;
        let runtime = Handle::try_current().map_err(|_| OptionsError {
            faults: vec![OptionsFault::NoRuntime],
        })?;
        let (client, eventloop) = queue(match options.connections {
            Connections::Two => plan.publishing(),
            Connections::Auto | Connections::One => plan.only(false),
        });
        let divisible = options.connections == Connections::Auto && options.client_id.is_none();
        let shared = Arc::new(Shared::new(client, divisible));
        let (start, started) = oneshot::channel();
        let owner = Arc::new_cyclic(|weak| {
            let handler = handler(WeakConnection(weak.clone()));
            let driver = Driver::new(Arc::clone(&shared), eventloop, plan, options, handler);
            let task = runtime.spawn(async move {
                // The first event must find the weak handle upgradable.
                if started.await.is_ok() {
                    driver.run().await;
                }
            });
            Owner {
                shared,
                task: task.abort_handle(),
            }
        });
        // The task is there to receive it.
        let _ = start.send(());
        Ok(Self { owner })
    }

    /// Queues `publish` at once if there is room for it (1024 requests may be queued), else when there is: those that
    /// wait take their turns. Requests leave in the order in which they were queued. The result of QoS 1 is the
    /// broker's answer, that of QoS 0 says that it was handed to the socket. Dropping the future does not take back
    /// what is queued. Never blocks.
    pub(crate) fn publish(
        &self,
        publish: Publish,
    ) -> impl Future<Output = Result<Published, PublishError>> + Send + 'static + use<> {
        let begun = publish.check().map(|()| self.owner.shared.submit(publish));
        async move { begun.map_err(RequestError::Invalid)?.await }
    }

    /// Queues `publish` if that is possible at once; `false` if not. Nobody waits for it: `failed` is told if it is not
    /// delivered, and nobody if it is.
    pub(crate) fn publish_now(
        &self,
        publish: Publish,
        failed: impl FnOnce(Result<Published, PublishError>) + Send + 'static,
    ) -> bool {
        publish.check().is_ok() && self.owner.shared.submit_now(publish, Box::new(failed))
    }

    /// Subscribes in one packet; the answers are in the order of `subscriptions`. Queued like a publish. Retained
    /// messages keep their flag when they are forwarded live ("retain as published").
    pub(crate) fn subscribe(
        &self,
        subscriptions: Vec<Subscription>,
    ) -> impl Future<Output = Result<Grants, RequestError>> + Send + 'static + use<> {
        let checked = subscriptions.iter().try_for_each(Subscription::check);
        // MQTT has no SUBSCRIBE without a filter.
        let begun = checked.map(|()| {
            (!subscriptions.is_empty())
                .then(|| self.owner.shared.submit(SubscribeAll(subscriptions)))
        });
        async move {
            match begun.map_err(RequestError::Invalid)? {
                None => Ok(Grants::new()),
                Some(answer) => answer.await,
            }
        }
    }

    /// Unsubscribes; what was not subscribed is no error. Queued like a publish. Messages the broker had queued for
    /// the filter may still come.
    pub(crate) fn unsubscribe(
        &self,
        filters: Vec<String>,
    ) -> impl Future<Output = Result<(), RequestError>> + Send + 'static + use<> {
        let checked = filters.iter().try_for_each(|filter| names::filter(filter));
        let submit = |filter| self.owner.shared.submit(UnsubscribeOne(filter));
        let begun = checked.map(|()| filters.into_iter().map(submit).collect::<Vec<_>>());
        async move {
            let mut result = Ok(());
            for answer in begun.map_err(RequestError::Invalid)? {
                result = answer.await.and(result);
            }
            result
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.owner.shared.is_connected()
    }

    /// Closes in order: refuses what comes, waits until everything requested before has its result (at most 5 s), then
    /// says DISCONNECT, so that the will does not fire. Messages are handed to the handler until the end. Going on
    /// without waiting for it is fine as long as a handle lives.
    pub(crate) async fn disconnect(&self) {
        let shared = &self.owner.shared;
        if shared.close() {
            if timeout(FINISH, self.ended()).await.is_err() {
                let unanswered = shared.leave_now();
                warn!(
                    unanswered,
                    "disconnecting although the broker has not acknowledged everything"
                );
            }
            if timeout(LEAVE, self.ended()).await.is_ok() {
                return;
            }
        }
        self.abort();
        self.ended().await;
    }

    /// Closes the socket without a DISCONNECT, so that the will fires. What has no result by then gets it:
    /// [`NotSent`](RequestError::NotSent) or [`Lost`](RequestError::Lost).
    pub(crate) fn abort(&self) {
        self.owner.shared.cut();
        self.owner.task.abort();
    }

    /// Waits until the connection has ended for good; says why.
    pub(crate) async fn ended(&self) -> ConnectionError {
        let mut status = self.owner.shared.status();
        match status
            .wait_for(|status| matches!(status, Status::Ended(_)))
            .await
            .as_deref()
        {
            Ok(Status::Ended(error)) => error.clone(),
            _ => ConnectionError::Stopped,
        }
    }
}

/// For those who find the broker slow.
impl Connection {
    /// Whether [`split`](Self::split) is possible: there is one connection, and nobody said that it stays so.
    pub(crate) fn can_split(&self) -> bool {
        self.owner.shared.is_divisible()
    }

    /// Makes two connections of one: waits until everything requested before has its result (if that takes 5 s, it
    /// gives up), leaves without the will firing, and connects again at once. The result is whether there are two then.
    ///
    /// The handler is told `Connected` again, without a session and without a `Lost` before it: it subscribes again.
    /// What is requested in the meantime waits, publishes also until what the handler requested has its answers.
    /// **Messages that come in the meantime are lost as in a loss**: nothing that is waited for should be on its way.
    pub(crate) async fn split(&self) -> bool {
        let shared = &self.owner.shared;
        if shared.split() {
            let shared = Arc::clone(shared);
            // In a task, so that it comes to its end although nobody waits for it.
            let split = tokio::spawn(async move {
                if timeout(FINISH, shared.split_over()).await.is_err() {
                    shared.stay();
                    drop(shared.split_over().await);
                }
            });
            drop(split.await);
        }
        shared.is_pair()
    }
}

/// What only tests wait for and look at.
#[cfg(test)]
impl Connection {
    /// How many connections there are: `One` or `Two`.
    pub(crate) fn connections_in_use(&self) -> Connections {
        if self.owner.shared.is_pair() {
            Connections::Two
        } else {
            Connections::One
        }
    }

    /// Waits until there is a connection. What the handler requested when it was told comes before what the caller
    /// requests next.
    ///
    /// # Errors
    /// At the deadline, why the last attempt failed; at once, why there will be no connection any more.
    pub(crate) async fn wait_connected(
        &self,
        deadline: impl Into<Instant>,
    ) -> Result<(), ConnectionError> {
        let mut status = self.owner.shared.status();
        let settled =
            status.wait_for(|status| !matches!(status, Status::Connecting(_) | Status::Splitting));
        // At the deadline, or with a fault that cannot be, the last status tells the most.
        drop(timeout_at(deadline.into(), settled).await);
        let last = status.borrow().clone();
        match last {
            Status::Connected => Ok(()),
            Status::Connecting(Some(error)) | Status::Ended(error) => Err(error),
            Status::Connecting(None) | Status::Splitting => Err(ConnectionError::NoAnswer),
        }
    }

    /// What the broker allows; `None` while there is no connection.
    pub(crate) fn limits(&self) -> Option<Limits> {
        self.owner.shared.limits()
    }

    /// The largest packet the broker takes, in bytes, if it says.
    pub(crate) fn max_packet_size(&self) -> Option<u32> {
        self.owner.shared.max_packet_size()
    }
}
