//! Who a bare client connects as, and the connecting.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use rumqttc::NetworkOptions;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{LastWill, Packet};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, MqttOptions};
use tokio::sync::{Mutex, mpsc};

use super::{RawClient, pump};
use crate::within;

/// How many requests may wait for the connection; a test never has that many.
const QUEUE: usize = 1024;

/// Who connects, and how. A client id of its own unless one is set.
#[derive(Clone)]
pub struct RawOptions {
    options: MqttOptions,
}

impl RawOptions {
    /// An anonymous client of the broker on this port of loopback.
    pub fn new(port: u16) -> Self {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let id = format!("raw-{}-{number}", std::process::id());
        let mut options = MqttOptions::new(id, "127.0.0.1", port);
        options.set_keep_alive(Duration::from_secs(30));
        options.set_max_packet_size(Some(16 * 1024 * 1024));
        Self { options }
    }

    /// Connects as this user.
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.options.set_credentials(name, password);
        self
    }

    /// Connects with this client id.
    pub fn client_id(mut self, id: &str) -> Self {
        self.options.set_client_id(id.to_owned());
        self
    }

    /// Leaves this will, at QoS 1.
    pub fn will(mut self, topic: &str, payload: &str, retain: bool) -> Self {
        self.options.set_last_will(LastWill::new(
            topic,
            payload,
            QoS::AtLeastOnce,
            retain,
            None,
        ));
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// When the broker is not there or refuses; the text holds its reason.
    pub async fn connect(mut self) -> Result<RawClient> {
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        self.options.set_network_options(network);
        let (client, mut eventloop) = AsyncClient::new(self.options, QUEUE);
        match within("the CONNACK", eventloop.poll()).await? {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {}
            Ok(other) => bail!("expected a CONNACK, got {other:?}"),
            Err(ConnectionError::ConnectionRefused(code)) => bail!("refused: {code:?}"),
            Err(error) => return Err(error.into()),
        }
        let (ack, acks) = mpsc::unbounded_channel();
        let (message, messages) = mpsc::unbounded_channel();
        let end = Arc::new(std::sync::Mutex::new(None));
        let task = tokio::spawn(pump(eventloop, ack, message, Arc::clone(&end)));
        Ok(RawClient {
            client,
            acks: Mutex::new(acks),
            messages: Mutex::new(messages),
            end,
            task,
        })
    }
}
