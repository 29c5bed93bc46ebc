//! The life of a server: connect, announce on each session, keep deadlines, stop.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::announce::{self, Sharing, Stopped};
use super::call;
use super::dispatch::dispatch;
use super::error::ServeError;
use super::event::Event;
use super::keeper::Keeper;
use super::presence;
use super::shared::Shared;
use crate::mqtt::{self, ConnectOptions, Connection, ConnectionError};

/// A server that runs. Dropping it does not stop it: [`stop`](Self::stop) does.
#[derive(Debug)]
pub struct RunningServer {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), ServeError>>,
    /// The task has been waited for; a second wait would panic.
    over: bool,
}

/// How long saying good-bye may take, besides the drain: UNSUBACKs, cards, DISCONNECT.
const LEAVING: Duration = Duration::from_secs(10);

/// What the connection tells the supervisor.
enum Signal {
    Connected,
    Lost(Arc<ConnectionError>, Option<Duration>),
}

impl RunningServer {
    /// Takes no more calls, finishes those that run (within [`Limits::drain_timeout`]), puts the cards
    /// offline and disconnects.
    ///
    /// [`Limits::drain_timeout`]: super::Limits::drain_timeout
    ///
    /// # Errors
    ///
    /// As [`ended`](Self::ended).
    pub async fn stop(mut self) -> Result<(), ServeError> {
        self.stop.send_replace(true);
        self.ended().await
    }

    /// Waits until the server ends by itself. Safe to drop and to call again; once it has told how the
    /// server ended, it is `Ok` at once.
    ///
    /// # Errors
    ///
    /// [`ServeError`]: the connection is lost for good, or the broker refuses what serving needs.
    pub async fn ended(&mut self) -> Result<(), ServeError> {
        if self.over {
            return Ok(());
        }
        let ended = (&mut self.task).await;
        self.over = true;
        ended.unwrap_or(Err(ServeError::Task))
    }
}

/// Connects and returns as soon as calls are served; retries for ever while the broker is away.
pub(super) async fn start(
    shared: Shared,
    options: ConnectOptions,
    sharing: Sharing,
) -> Result<RunningServer, ServeError> {
    let shared = Arc::new(shared);
    let (signals, inbox) = mpsc::unbounded_channel();
    let identity = options.username.clone().unwrap_or_default();
    let will = announce::will(&shared);
    let handler = {
        let shared = Arc::clone(&shared);
        move |event| match event {
            mqtt::Event::Message(message) => dispatch(&shared, message),
            mqtt::Event::Connected { .. } => {
                // What was true of the last session need not be of this one.
                shared.set_verified(false);
                presence::connected(&shared);
                shared.connected.notify_waiters();
                drop(signals.send(Signal::Connected));
            }
            mqtt::Event::Lost { error, retry_in } => {
                drop(signals.send(Signal::Lost(Arc::new(error), retry_in)));
            }
        }
    };
    let connection = Connection::open(options, Some(will), handler)?;
    shared.set_connection(connection.clone());
    let keeper = Keeper::start(&shared, connection.clone()).map_err(ServeError::Thread)?;
    let (stop, stopping) = watch::channel(false);
    let (ready, mut is_ready) = watch::channel(false);
    let supervisor = Supervisor {
        shared,
        connection,
        sharing,
        identity,
        ready,
        _keeper: keeper,
    };
    // Whoever drops this future before the end gets no handle, so nobody could stop the server.
    let unless_dropped = StopOnDrop(Some(stop.clone()));
    let mut server = RunningServer {
        stop,
        task: tokio::spawn(supervisor.run(inbox, stopping)),
        over: false,
    };
    tokio::select! {
        // When the supervisor has ended, nothing will be ready: its own result says why.
        Ok(_) = is_ready.wait_for(|ready| *ready) => {
            unless_dropped.release();
            Ok(server)
        }
        ended = &mut server.task => match ended.unwrap_or(Err(ServeError::Task)) {
            Err(error) => Err(error),
            Ok(()) => Err(ServeError::Task),
        },
    }
}

/// Serves until the end; stops when the future is dropped.
pub(super) async fn serve(
    shared: Shared,
    options: ConnectOptions,
    sharing: Sharing,
) -> Result<(), ServeError> {
    let mut server = start(shared, options, sharing).await?;
    let _unless_dropped = StopOnDrop(Some(server.stop.clone()));
    server.ended().await
}

/// Tells the server to stop, unless it is released before.
struct StopOnDrop(Option<watch::Sender<bool>>);

impl StopOnDrop {
    fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if let Some(stop) = &self.0 {
            stop.send_replace(true);
        }
    }
}

struct Supervisor {
    shared: Arc<Shared>,
    connection: Connection,
    sharing: Sharing,
    identity: String,
    ready: watch::Sender<bool>,
    _keeper: Keeper,
}

impl Drop for Supervisor {
    /// However it ends, a panic included: no tool runs on, and nothing is served any more.
    fn drop(&mut self) {
        for call in self.shared.calls.take_all().1 {
            call.context.cancel();
        }
        self.connection.abort();
    }
}

impl Supervisor {
    async fn run(
        self,
        mut signals: mpsc::UnboundedReceiver<Signal>,
        mut stopping: watch::Receiver<bool>,
    ) -> Result<(), ServeError> {
        let life = async {
            let result = tokio::select! {
                error = self.serve(&mut signals) => Err(error),
                () = told_to_stop(&mut stopping) => Ok(()),
            };
            let bound = self.shared.limits.drain_timeout + LEAVING;
            if tokio::time::timeout(bound, self.leave(result.is_ok()))
                .await
                .is_err()
            {
                tracing::warn!(
                    "the broker does not answer; left without putting the cards offline"
                );
            }
            result
        };
        let result = life.await;
        self.shared.tell(&Event::Stopped);
        result
    }

    /// Announces on each session, until something makes serving impossible.
    async fn serve(&self, signals: &mut mpsc::UnboundedReceiver<Signal>) -> ServeError {
        let mut next = signals.recv().await;
        loop {
            next = match next {
                Some(Signal::Connected) => tokio::select! {
                    // A newer signal ends the announcement of a session that is over.
                    biased;
                    signal = signals.recv() => signal,
                    announced = self.announce() => match announced {
                        Ok(()) => tokio::select! {
                            signal = signals.recv() => signal,
                            never = self.keep() => match never {},
                        },
                        Err(error) => return error,
                    },
                },
                Some(Signal::Lost(error, retry_in)) => {
                    let lost = Event::Lost {
                        error: Arc::clone(&error),
                        retry_in,
                    };
                    self.shared.tell(&lost);
                    if retry_in.is_none() {
                        return ServeError::Connection(error);
                    }
                    signals.recv().await
                }
                None => return ServeError::Task,
            };
        }
    }

    async fn announce(&self) -> Result<(), ServeError> {
        let (shared, connection) = (&self.shared, &self.connection);
        match announce::announce(shared, connection, &self.sharing, &self.identity).await {
            Ok(()) => {
                self.shared.tell(&Event::Ready {
                    verified: self.shared.is_verified(),
                });
                self.ready.send_replace(true);
                Ok(())
            }
            Err(Stopped::Lost) => Ok(()),
            Err(Stopped::Refused(error)) => Err(error),
        }
    }

    /// Looks after the cards.
    async fn keep(&self) -> Infallible {
        presence::keep(&self.shared, &self.connection, &self.identity).await
    }

    /// Ends everything in order, if there is still a connection to do so on.
    async fn leave(&self, drain: bool) {
        let (shared, connection) = (&self.shared, &self.connection);
        let connected = connection.is_connected();
        if connected && drain {
            tokio::select! {
                () = self.drain() => {}
                never = self.keep() => match never {},
            }
        }
        shared.stop_sending_again();
        if connected {
            if presence::part(shared, connection).await {
                announce::withdraw(shared, connection, &self.identity).await;
            }
            presence::vanish(shared, connection).await;
        }
        connection.disconnect().await;
    }

    /// Takes no more calls and lets those end that it has, within the time that they have for it. Brokers
    /// go on delivering what they had queued: those calls count, too.
    async fn drain(&self) {
        let shared = &self.shared;
        let filters = announce::filters(shared, &self.sharing);
        if let Err(error) = self.connection.unsubscribe(filters).await {
            tracing::warn!(%error, "calls could not be unsubscribed from");
        }
        presence::leave(shared, &self.connection).await;
        shared.stop_taking_calls();
        let drained = tokio::time::timeout(shared.limits.drain_timeout, shared.calls.idle());
        if drained.await.is_err() {
            call::cut_off(shared, &self.connection).await;
        }
    }
}

/// For ever if the handle is dropped, which tells nothing.
async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    if stopping.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_has_ended_may_be_asked_and_stopped_again() {
        let mut server = RunningServer {
            stop: watch::channel(false).0,
            task: tokio::spawn(async { Err(ServeError::Task) }),
            over: false,
        };
        assert!(matches!(server.ended().await, Err(ServeError::Task)));
        assert!(server.ended().await.is_ok());
        assert!(server.stop().await.is_ok());
    }
}
