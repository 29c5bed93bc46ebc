//! The polling task: connects, polls, ties answers to requests, hands messages to the handler, connects again.
//!
//! `EventLoop::poll` is not cancel-safe under load, so nothing is awaited beside it while connected. When it fails,
//! it has queued events that it read before the failure: they are of the old connection and are handled before the
//! loss is told, so that none can surface after the next CONNACK. Then rumqttc's whole state is replaced: it would
//! otherwise keep a collision, a packet id beyond a smaller window, and what is pending, to be replayed.

use std::sync::Arc;
use std::time::Duration;

use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::v5::{ConnAck, Packet, PubAck};
use rumqttc::v5::{Event as WireEvent, EventLoop, MqttOptions, MqttState, Request};
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use super::backoff::{self, Backoff};
use super::connection::Event;
use super::error::{ConnectionError, in_one_line};
use super::ledger::Left;
use super::limits::Limits;
use super::options::ConnectOptions;
use super::packet::Message;
use super::prepare::WINDOW;
use super::reason::{ReasonCode, granted};
use super::shared::{Shared, Status};
use crate::error::chain;

/// How long the broker has to close the connection after a DISCONNECT. Closing first, with something of the broker's
/// unread, would reset the connection, and the DISCONNECT could be lost with it.
const LINGER: Duration = Duration::from_millis(500);

pub(super) struct Driver<H: FnMut(Event)> {
    shared: Arc<Shared>,
    handler: H,
    eventloop: EventLoop,
    /// As configured; rumqttc writes what the broker wants into its own copy.
    options: MqttOptions,
    configured: ConnectOptions,
    address: String,
    backoff: Backoff,
    /// The broker keeps a session of this client id, which the next connection resumes.
    has_session: bool,
    was_connected: bool,
    /// The outage has been told in the log.
    warned: bool,
    /// Why the task ended.
    end: ConnectionError,
}

impl<H: FnMut(Event)> Driver<H> {
    pub(super) fn new(
        shared: Arc<Shared>,
        eventloop: EventLoop,
        configured: ConnectOptions,
        handler: H,
    ) -> Self {
        Self {
            shared,
            handler,
            options: eventloop.options.clone(),
            eventloop,
            address: configured.url.address(),
            configured,
            has_session: false,
            backoff: Backoff::default(),
            was_connected: false,
            warned: false,
            end: ConnectionError::Stopped,
        }
    }

    /// Runs until the connection is closed for good.
    pub(super) async fn run(mut self) {
        loop {
            let error = match self.connect().await {
                Ok(()) => {
                    let since = Instant::now();
                    let error = self.serve().await;
                    self.backoff.connection_lived(since.elapsed());
                    error
                }
                Err(error) => error,
            };
            match self.lost(error) {
                Some(wait) => sleep(wait).await,
                None => return,
            }
        }
    }

    async fn connect(&mut self) -> Result<(), ConnectionError> {
        debug!(
            address = self.address,
            client_id = self.options.client_id(),
            "connecting to the broker"
        );
        // Cancelling is safe here: there is no connection whose packets could be torn, and once there is one, `poll`
        // returns the CONNACK without waiting.
        let limit = self.configured.connect_timeout;
        match timeout(limit, self.eventloop.poll()).await {
            Ok(Ok(WireEvent::Incoming(Packet::ConnAck(connack)))) => self.connected(connack),
            Ok(Ok(_)) => Err(ConnectionError::protocol(
                "something came before the CONNACK",
            )),
            Ok(Err(error)) => Err(ConnectionError::from_wire(
                error,
                &self.address,
                &self.options.client_id(),
                false,
            )),
            Err(_) => Err(ConnectionError::TimedOut {
                address: self.address.clone(),
                after: limit,
            }),
        }
    }

    fn connected(&mut self, connack: ConnAck) -> Result<(), ConnectionError> {
        let limits = connack.properties.map(Limits::from).unwrap_or_default();
        if limits.receive_maximum == 0 {
            return Err(ConnectionError::protocol(
                "the CONNACK has a receive maximum of 0",
            ));
        }
        if limits.server_keep_alive == Some(0) {
            // "No keep-alive"; rumqttc would take it for "ping without pause".
            self.eventloop
                .options
                .set_keep_alive(self.options.keep_alive());
        }
        if self.warned {
            info!(address = self.address, "connected to the broker again");
        }
        debug!(
            address = self.address,
            session_present = connack.session_present,
            ?limits,
            "connected to the broker"
        );
        self.warned = false;
        self.was_connected = true;
        self.has_session = self.options.session_expiry_interval().is_some();
        self.shared.connected(limits);
        (self.handler)(Event::Connected {
            session_present: connack.session_present,
        });
        // After the handler: what it requests goes before what those request who wait for the connection.
        self.shared.set_status(Status::Connected);
        Ok(())
    }

    /// Returns when the connection is over.
    async fn serve(&mut self) -> ConnectionError {
        loop {
            match self.step().await {
                Ok(Step::On) => {}
                Ok(Step::Left) => {
                    let closed =
                        timeout(LINGER, async { while self.step().await.is_ok() {} }).await;
                    debug!(by_broker = closed.is_ok(), "disconnected from the broker");
                    return ConnectionError::Stopped;
                }
                Err(error) => return error,
            }
        }
    }

    async fn step(&mut self) -> Result<Step, ConnectionError> {
        match self.eventloop.poll().await {
            Ok(event) => self.event(event),
            Err(error) => {
                for event in std::mem::take(&mut self.eventloop.state.events) {
                    self.event(event)?;
                }
                Err(ConnectionError::from_wire(
                    error,
                    &self.address,
                    &self.options.client_id(),
                    true,
                ))
            }
        }
    }

    fn event(&mut self, event: WireEvent) -> Result<Step, ConnectionError> {
        match event {
            WireEvent::Incoming(Packet::Publish(publish)) => match Message::from_wire(publish) {
                Some(message) => (self.handler)(Event::Message(message)),
                None => debug!("dropped a message whose topic is empty or no text"),
            },
            WireEvent::Incoming(Packet::PubAck(PubAck { pkid, reason, .. })) => {
                let reason = ReasonCode::from(reason);
                self.shared.update(|ledger| ledger.published(pkid, reason));
                if reason.is_failure() {
                    self.release(pkid);
                }
            }
            WireEvent::Incoming(Packet::SubAck(suback)) => {
                let grants = suback.return_codes.into_iter().map(granted).collect();
                if !self
                    .shared
                    .update(|ledger| ledger.subscribed(suback.pkid, grants))
                {
                    return Err(ConnectionError::protocol(
                        "a SUBACK has not one code for each filter",
                    ));
                }
            }
            WireEvent::Incoming(Packet::UnsubAck(unsuback)) => {
                let reason = unsuback
                    .reasons
                    .first()
                    .copied()
                    .map_or(ReasonCode::SUCCESS, ReasonCode::from);
                self.shared
                    .update(|ledger| ledger.unsubscribed(unsuback.pkid, reason));
            }
            WireEvent::Outgoing(Outgoing::Publish(pkid)) => return self.left(Left::Publish, pkid),
            WireEvent::Outgoing(Outgoing::Subscribe(pkid)) => {
                return self.left(Left::Subscribe, pkid);
            }
            WireEvent::Outgoing(Outgoing::Unsubscribe(pkid)) => {
                return self.left(Left::Unsubscribe, pkid);
            }
            WireEvent::Outgoing(Outgoing::Disconnect) if self.shared.is_leaving() => {
                return Ok(Step::Left);
            }
            WireEvent::Outgoing(Outgoing::Disconnect) => {
                // rumqttc notes it without sending it.
                return Err(ConnectionError::protocol(
                    "a topic alias came although none was offered",
                ));
            }
            _ => {}
        }
        Ok(Step::On)
    }

    fn left(&self, left: Left, pkid: u16) -> Result<Step, ConnectionError> {
        if self.shared.left(left, pkid) {
            return Ok(Step::On);
        }
        Err(ConnectionError::protocol(
            "requests left in another order than they were made",
        ))
    }

    /// Sends the publish that waits for this packet id. rumqttc does so itself only when the id is freed by a
    /// success; after a refusal it would wait until the keep-alive ends the connection.
    fn release(&mut self, pkid: u16) {
        if let Some(publish) = self
            .eventloop
            .state
            .collision
            .take_if(|publish| publish.pkid == pkid)
        {
            self.eventloop.pending.push_front(Request::Publish(publish));
        }
    }

    /// Cleans up and tells; returns how long to wait before the next attempt, `None` for no other.
    fn lost(&mut self, error: ConnectionError) -> Option<Duration> {
        self.clean();
        if self.shared.is_closing() {
            return None;
        }
        let taken_over = matches!(error, ConnectionError::TakenOver { .. });
        if taken_over && self.configured.client_id.is_none() {
            self.options.set_client_id(self.configured.new_client_id());
            self.has_session = false;
        }
        self.eventloop.state = MqttState::new(WINDOW, false);
        self.eventloop.options = self.options.clone();
        self.eventloop.options.set_clean_start(!self.has_session);

        let fatal = if taken_over {
            // Whoever set the id meant it; with it, the two would throw each other out for ever.
            self.configured.client_id.is_some()
        } else {
            // At the start somebody is there to read it. Later it may be the broker that is being configured.
            error.is_about_configuration() && !self.was_connected
        };
        let retry_in = (!fatal).then(|| self.backoff.next(backoff::random()));
        self.tell(&error, retry_in);
        self.shared
            .set_status(Status::Connecting(Some(error.clone())));
        if fatal {
            self.end = error.clone();
        }
        (self.handler)(Event::Lost { error, retry_in });
        retry_in
    }

    /// Warns once an outage, and of an end that may come at any time.
    fn tell(&mut self, error: &ConnectionError, retry_in: Option<Duration>) {
        let why = in_one_line(&chain(error));
        match retry_in.map(in_milliseconds) {
            None if self.was_connected => warn!("no connection to the broker: {why}; giving up"),
            // Whoever starts the connection is told, and says so.
            None => debug!("no connection to the broker: {why}; giving up"),
            Some(wait) if self.warned => {
                debug!("still no connection to the broker: {why}; trying again in {wait}");
            }
            Some(wait) => {
                warn!("no connection to the broker: {why}; trying again in {wait}");
                self.warned = true;
            }
        }
    }

    /// Closes the socket and gives every request its result.
    fn clean(&mut self) {
        let eventloop = &mut self.eventloop;
        self.shared.lost(|| {
            eventloop.clean();
            // rumqttc would send these again on the next connection, after their callers were told that they failed.
            eventloop.pending.clear();
        });
    }
}

impl<H: FnMut(Event)> Drop for Driver<H> {
    /// Also when the task is aborted or its runtime shuts down.
    fn drop(&mut self) {
        self.clean();
        self.shared.ended(self.end.clone());
    }
}

fn in_milliseconds(time: Duration) -> humantime::FormattedDuration {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_millis(milliseconds))
}

enum Step {
    On,
    /// The DISCONNECT left.
    Left,
}
