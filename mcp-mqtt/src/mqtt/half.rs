//! One connection of a client: connects, polls, ties answers to requests, hands messages on. When to connect again, and
//! whether there is a second one beside it, is the driver's business.
//!
//! `EventLoop::poll` is not cancel-safe under load, so nothing is awaited beside it while connected, other than the
//! other connection, whose end is the end of this one. When it fails, it has queued events that it read before the
//! failure: they are of the old connection and are handled before the loss is told, so that none can surface after the
//! next CONNACK. Then rumqttc's whole state is replaced: it would otherwise keep a collision, a packet id beyond a
//! smaller window, and what is pending, to be replayed.

use std::sync::Arc;
use std::time::Duration;

use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::v5::{ConnAck, Packet, PubAck};
use rumqttc::v5::{AsyncClient, Event as WireEvent, EventLoop, MqttOptions, MqttState, Request};
use tokio::time::timeout;
use tracing::debug;

use super::error::ConnectionError;
use super::ledger::Left;
use super::limits::Limits;
use super::packet::Message;
use super::prepare::WINDOW;
use super::reason::{ReasonCode, granted};
use super::request::Role;
use super::shared::{ROOM, Shared};

/// How long the broker has to close the connection after a DISCONNECT. Closing first, with something of the broker's
/// unread, would reset the connection, and the DISCONNECT could be lost with it.
const LINGER: Duration = Duration::from_millis(500);

pub(super) struct Half {
    role: Role,
    shared: Arc<Shared>,
    eventloop: EventLoop,
    /// As configured; rumqttc writes what the broker wants into its own copy.
    options: MqttOptions,
    address: String,
}

/// What a CONNACK says.
pub(super) struct Accepted {
    pub(super) limits: Limits,
    pub(super) session_present: bool,
}

/// A connection to come, and where its requests are queued.
pub(super) fn queue(options: MqttOptions) -> (AsyncClient, EventLoop) {
    // One more place than requests may take: the DISCONNECT's.
    AsyncClient::new(options, ROOM + 1)
}

impl Half {
    pub(super) fn new(
        role: Role,
        shared: Arc<Shared>,
        eventloop: EventLoop,
        address: String,
    ) -> Self {
        Self {
            role,
            shared,
            options: eventloop.options.clone(),
            eventloop,
            address,
        }
    }

    pub(super) async fn connect(&mut self, limit: Duration) -> Result<Accepted, ConnectionError> {
        debug!(
            address = self.address,
            client_id = self.options.client_id(),
            "connecting to the broker"
        );
        // Cancelling is safe here: there is no connection whose packets could be torn, and once there is one, `poll`
        // returns the CONNACK without waiting.
        match timeout(limit, self.eventloop.poll()).await {
            Ok(Ok(WireEvent::Incoming(Packet::ConnAck(connack)))) => self.accepted(connack),
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

    fn accepted(&mut self, connack: ConnAck) -> Result<Accepted, ConnectionError> {
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
        debug!(
            address = self.address,
            session_present = connack.session_present,
            ?limits,
            "connected to the broker"
        );
        Ok(Accepted {
            limits,
            session_present: connack.session_present,
        })
    }

    /// Returns when the connection is over: `Ok` if this side left in order.
    pub(super) async fn serve(
        &mut self,
        mut on_message: impl FnMut(Message),
    ) -> Result<(), ConnectionError> {
        while let Step::On = self.step(&mut on_message).await? {}
        let closed = timeout(LINGER, async {
            while self.step(&mut on_message).await.is_ok() {}
        })
        .await;
        debug!(by_broker = closed.is_ok(), "disconnected from the broker");
        Ok(())
    }

    async fn step(
        &mut self,
        on_message: &mut impl FnMut(Message),
    ) -> Result<Step, ConnectionError> {
        match self.eventloop.poll().await {
            Ok(event) => self.event(event, on_message),
            Err(error) => {
                for event in std::mem::take(&mut self.eventloop.state.events) {
                    self.event(event, on_message)?;
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

    fn event(
        &mut self,
        event: WireEvent,
        on_message: &mut impl FnMut(Message),
    ) -> Result<Step, ConnectionError> {
        match event {
            WireEvent::Incoming(Packet::Publish(publish)) => match Message::from_wire(publish) {
                Some(message) => on_message(message),
                None => debug!("dropped a message whose topic is empty or no text"),
            },
            WireEvent::Incoming(Packet::PubAck(PubAck { pkid, reason, .. })) => {
                let reason = ReasonCode::from(reason);
                self.shared
                    .update(self.role, |ledger| ledger.published(pkid, reason));
                if reason.is_failure() {
                    self.release(pkid);
                }
            }
            WireEvent::Incoming(Packet::SubAck(suback)) => {
                let grants = suback.return_codes.into_iter().map(granted).collect();
                if !self
                    .shared
                    .update(self.role, |ledger| ledger.subscribed(suback.pkid, grants))
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
                self.shared.update(self.role, |ledger| {
                    ledger.unsubscribed(unsuback.pkid, reason)
                });
            }
            WireEvent::Outgoing(Outgoing::Publish(pkid)) => return self.left(Left::Publish, pkid),
            WireEvent::Outgoing(Outgoing::Subscribe(pkid)) => {
                return self.left(Left::Subscribe, pkid);
            }
            WireEvent::Outgoing(Outgoing::Unsubscribe(pkid)) => {
                return self.left(Left::Unsubscribe, pkid);
            }
            WireEvent::Outgoing(Outgoing::Disconnect) if self.shared.is_leaving(self.role) => {
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
        if self.shared.left(self.role, left, pkid) {
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

    /// Closes the socket and drops what is queued. Whoever waits is told by the caller.
    pub(super) fn clean(&mut self) {
        self.eventloop.clean();
        // rumqttc would send these again on the next connection, after their callers were told that they failed.
        self.eventloop.pending.clear();
    }

    /// Prepares for the next connection.
    pub(super) fn renew(&mut self, options: MqttOptions) {
        self.eventloop.state = MqttState::new(WINDOW, false);
        self.eventloop.options = options.clone();
        self.options = options;
    }
}

enum Step {
    On,
    /// The DISCONNECT left.
    Left,
}
