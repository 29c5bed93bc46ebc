//! The connection against brokers that really run: Mosquitto 2, and a scripted one for what Mosquitto never does.
//!
//! `/usr/sbin/mosquitto` must be installed (Debian: `apt install mosquitto`). Nothing here waits by sleeping: every wait
//! is for an event, with a deadline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod delivery;
mod hostile;
mod lifecycle;
pub(crate) mod mosquitto;
mod pair;
mod scripted;
mod split;
mod takeover;
#[cfg(feature = "tls")]
mod tls;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::*;

/// Far more than anything here takes.
const DEADLINE: Duration = Duration::from_secs(20);

/// `wait`, or a panic at the deadline.
async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    timeout(DEADLINE, wait)
        .await
        .unwrap_or_else(|_| panic!("{what} did not happen within {DEADLINE:?}"))
}

/// A connection with its events in a channel.
struct Peer {
    connection: Connection,
    events: mpsc::UnboundedReceiver<Event>,
}

impl Peer {
    fn open(options: ConnectOptions, will: Option<Will>) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let connection =
            Connection::open(options, will, move |event| drop(sender.send(event))).unwrap();
        Self { connection, events }
    }

    async fn connected(options: ConnectOptions) -> Self {
        let mut peer = Self::open(options, None);
        assert!(matches!(peer.event().await, Event::Connected { .. }));
        peer
    }

    async fn event(&mut self) -> Event {
        soon("an event", self.events.recv())
            .await
            .expect("the connection ended")
    }

    /// The next message; anything else is a failure.
    async fn message(&mut self) -> Message {
        match self.event().await {
            Event::Message(message) => message,
            other => panic!("expected a message, got {other:?}"),
        }
    }

    async fn lost(&mut self) -> (ConnectionError, Option<Duration>) {
        match self.event().await {
            Event::Lost { error, retry_in } => (error, retry_in),
            other => panic!("expected a loss, got {other:?}"),
        }
    }

    async fn publish(&self, publish: Publish) -> Result<Published, PublishError> {
        soon("a publish", self.connection.publish(publish)).await
    }

    async fn subscribe(&self, filter: &str) {
        let grants = soon(
            "a subscribe",
            self.connection.subscribe(vec![subscription(filter)]),
        )
        .await;
        assert_eq!(grants, Ok(vec![Ok(Qos::AtLeastOnce)]));
    }
}

fn options(port: u16) -> ConnectOptions {
    ConnectOptions::new(format!("mqtt://127.0.0.1:{port}").parse().unwrap())
}

fn user(port: u16, name: &str) -> ConnectOptions {
    ConnectOptions {
        username: Some(name.to_owned()),
        ..options(port)
    }
}

fn publish(topic: &str, payload: &str) -> Publish {
    Publish {
        topic: topic.to_owned(),
        payload: payload.to_owned().into(),
        qos: Qos::AtLeastOnce,
        retain: false,
        properties: Properties::default(),
    }
}

fn subscription(filter: &str) -> Subscription {
    Subscription {
        filter: filter.to_owned(),
        qos: Qos::AtLeastOnce,
        no_local: false,
        retain: RetainHandling::Always,
    }
}

fn in_deadline() -> Instant {
    Instant::now() + DEADLINE
}
