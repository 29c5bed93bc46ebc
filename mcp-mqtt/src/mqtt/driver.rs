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
use super::error::ConnectionError;
use super::ledger::Left;
use super::limits::Limits;
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
    address: String,
    connect_timeout: Duration,
    backoff: Backoff,
    /// The session is kept by the broker, and resumed by every connection but the first.
    resume: bool,
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
        address: String,
        connect_timeout: Duration,
        handler: H,
    ) -> Self {
        let options = eventloop.options.clone();
        Self {
            shared,
            handler,
            eventloop,
            resume: options.session_expiry_interval().is_some(),
            options,
            address,
            connect_timeout,
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
        debug!(address = %self.address, client_id = %self.shared.client_id, "connecting to the broker");
        // Cancelling is safe here: there is no connection whose packets could be torn, and once there is one, `poll`
        // returns the CONNACK without waiting.
        match timeout(self.connect_timeout, self.eventloop.poll()).await {
            Ok(Ok(WireEvent::Incoming(Packet::ConnAck(connack)))) => self.connected(connack),
            Ok(Ok(_)) => Err(ConnectionError::protocol(
                "something came before the CONNACK",
            )),
            Ok(Err(error)) => Err(ConnectionError::from_wire(
                error,
                &self.address,
                &self.shared.client_id,
                false,
            )),
            Err(_) => Err(ConnectionError::TimedOut {
                address: self.address.clone(),
                after: self.connect_timeout,
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
            info!(address = %self.address, "connected to the broker again");
        }
        debug!(address = %self.address, session_present = connack.session_present, ?limits, "connected to the broker");
        self.warned = false;
        self.was_connected = true;
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
                    &self.shared.client_id,
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
                self.shared
                    .update(|ledger| ledger.subscribed(suback.pkid, grants));
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
        self.eventloop.state = MqttState::new(WINDOW, false);
        self.eventloop.options = self.options.clone();
        self.eventloop
            .options
            .set_clean_start(!(self.resume && self.was_connected));

        let fatal = match &error {
            ConnectionError::TakenOver { .. } => true,
            // At the start somebody is there to read it. Later it may be the broker that is being configured.
            error => error.is_about_configuration() && !self.was_connected,
        };
        let retry_in = (!fatal).then(|| self.backoff.next(backoff::random()));
        let why = chain(&error);
        match retry_in
            .map(|wait| Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
        {
            // Whoever is told by the event says so: it is the end.
            None => debug!("no connection to the broker: {why}"),
            Some(wait) if self.warned => {
                debug!(?wait, "still no connection to the broker: {why}");
            }
            Some(wait) => {
                warn!("no connection to the broker: {why}; trying again, first in {wait:?}");
                self.warned = true;
            }
        }
        self.shared
            .set_status(Status::Connecting(Some(error.clone())));
        if fatal {
            self.end = error.clone();
        }
        (self.handler)(Event::Lost { error, retry_in });
        retry_in
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

enum Step {
    On,
    /// The DISCONNECT left.
    Left,
}
