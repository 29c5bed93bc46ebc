//! A bare MQTT 5 client, for what no client of ours would do, and to see what a broker answers.

mod options;

use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, PubAckReason, Publish, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, Event, EventLoop};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

pub use rumqttc::v5::mqttbytes::QoS;
pub use rumqttc::v5::mqttbytes::v5::PublishProperties as Properties;
pub use rumqttc::v5::mqttbytes::v5::{PubAckReason as Ack, SubscribeReasonCode as Grant};

use crate::within;
pub use options::RawOptions;

/// A message as it arrived.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its topic.
    pub topic: String,
    /// Its payload.
    pub payload: Bytes,
    /// Whether it was retained.
    pub retain: bool,
    /// Its MQTT 5 properties.
    pub properties: Properties,
}

/// A connected client. It never reconnects; dropped, it vanishes without DISCONNECT, so its will fires.
///
/// Requests take turns: each waits for its own acknowledgement.
pub struct RawClient {
    client: AsyncClient,
    acks: Mutex<mpsc::UnboundedReceiver<Packet>>,
    messages: Mutex<mpsc::UnboundedReceiver<Message>>,
    end: Arc<std::sync::Mutex<Option<String>>>,
    task: JoinHandle<()>,
}

impl RawClient {
    /// Connects as a user whose password is the name, and whose client id is the name, too.
    ///
    /// # Errors
    ///
    /// As [`RawOptions::connect`].
    pub async fn connect(port: u16, name: &str) -> Result<Self> {
        RawOptions::new(port)
            .user(name, name)
            .client_id(name)
            .connect()
            .await
    }

    /// Publishes at QoS 1 and returns the reason in the PUBACK.
    ///
    /// # Errors
    ///
    /// When the connection ends first.
    pub async fn publish(&self, topic: &str, payload: impl Into<Bytes>) -> Result<PubAckReason> {
        self.publish_with(topic, payload, false, Properties::default())
            .await
    }

    /// [`publish`](Self::publish) with RETAIN and properties.
    ///
    /// # Errors
    ///
    /// When the connection ends first.
    pub async fn publish_with(
        &self,
        topic: &str,
        payload: impl Into<Bytes>,
        retain: bool,
        properties: Properties,
    ) -> Result<PubAckReason> {
        let mut acks = self.acks.lock().await;
        let payload = payload.into();
        self.client
            .publish_with_properties(topic, QoS::AtLeastOnce, retain, payload, properties)
            .await?;
        match self.next("a PUBACK", &mut acks).await? {
            Packet::PubAck(ack) => Ok(ack.reason),
            other => bail!("expected a PUBACK, got {other:?}"),
        }
    }

    /// Publishes at another QoS than 1, and waits for no acknowledgement.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub async fn send(
        &self,
        qos: QoS,
        topic: &str,
        payload: impl Into<Bytes>,
        properties: Properties,
    ) -> Result<()> {
        if qos == QoS::AtLeastOnce {
            bail!("a publish at QoS 1 has an acknowledgement to wait for: use publish_with");
        }
        Ok(self
            .client
            .publish_with_properties(topic, qos, false, payload.into(), properties)
            .await?)
    }

    /// Subscribes at QoS 1 and returns the code in the SUBACK.
    ///
    /// # Errors
    ///
    /// When the connection ends first.
    pub async fn subscribe(&self, filter: &str) -> Result<SubscribeReasonCode> {
        let mut acks = self.acks.lock().await;
        self.client
            .subscribe_many([Filter::new(filter, QoS::AtLeastOnce)])
            .await?;
        match self.next("a SUBACK", &mut acks).await? {
            Packet::SubAck(ack) => ack
                .return_codes
                .into_iter()
                .next()
                .context("an empty SUBACK"),
            other => bail!("expected a SUBACK, got {other:?}"),
        }
    }

    /// Unsubscribes.
    ///
    /// # Errors
    ///
    /// When the connection ends first.
    pub async fn unsubscribe(&self, filter: &str) -> Result<()> {
        let mut acks = self.acks.lock().await;
        self.client.unsubscribe(filter).await?;
        match self.next("an UNSUBACK", &mut acks).await? {
            Packet::UnsubAck(_) => Ok(()),
            other => bail!("expected an UNSUBACK, got {other:?}"),
        }
    }

    /// The next message.
    ///
    /// # Errors
    ///
    /// When none comes, or the connection ends first.
    pub async fn message(&self) -> Result<Message> {
        let mut messages = self.messages.lock().await;
        self.next("a message", &mut messages).await
    }

    /// Everything before the next message on `topic`, which ends the wait and is dropped. Published after
    /// another message was acknowledged, it proves that this other one did *not* come, on any broker:
    /// take a topic that this client may read, such as its own inbox.
    ///
    /// # Errors
    ///
    /// When no such message comes, or the connection ends first.
    pub async fn messages_until(&self, topic: &str) -> Result<Vec<Message>> {
        let mut before = Vec::new();
        loop {
            let message = self.message().await?;
            if message.topic == topic {
                return Ok(before);
            }
            before.push(message);
        }
    }

    /// Everything that arrived and was not taken, once the broker has answered one more request on this
    /// connection. **On Mosquitto** that is all that was published and acknowledged to anyone before. The
    /// embedded broker answers beside its deliveries: there use [`messages_until`](Self::messages_until).
    ///
    /// # Errors
    ///
    /// When the connection ends first.
    pub async fn arrived(&self) -> Result<Vec<Message>> {
        // Nobody needs a right to end a subscription that is not there.
        self.unsubscribe("fence").await?;
        let mut messages = self.messages.lock().await;
        Ok(std::iter::from_fn(|| messages.try_recv().ok()).collect())
    }

    /// Leaves with a DISCONNECT, so that no will fires.
    ///
    /// # Errors
    ///
    /// When the connection had ended before.
    pub async fn disconnect(mut self) -> Result<()> {
        self.client.disconnect().await?;
        within("the end of the connection", &mut self.task).await??;
        Ok(())
    }

    /// Waits until the broker ends the connection, and says how it ended.
    ///
    /// # Errors
    ///
    /// When it does not end.
    pub async fn ended(mut self) -> Result<String> {
        within("the end of the connection", &mut self.task).await??;
        Ok(self.why())
    }

    async fn next<T>(&self, what: &str, from: &mut mpsc::UnboundedReceiver<T>) -> Result<T> {
        within(what, from.recv())
            .await?
            .ok_or_else(|| anyhow!("the connection ended before {what} came: {}", self.why()))
    }

    fn why(&self) -> String {
        let end = self.end.lock().ok().and_then(|end| end.clone());
        end.unwrap_or_else(|| "for no reason given".to_owned())
    }
}

impl Drop for RawClient {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pump(
    mut eventloop: EventLoop,
    acks: mpsc::UnboundedSender<Packet>,
    messages: mpsc::UnboundedSender<Message>,
    end: Arc<std::sync::Mutex<Option<String>>>,
) {
    let why = loop {
        match eventloop.poll().await {
            Ok(Event::Incoming(Packet::Publish(publish))) => drop(messages.send(message(publish))),
            Ok(Event::Incoming(
                packet @ (Packet::PubAck(_) | Packet::SubAck(_) | Packet::UnsubAck(_)),
            )) => {
                drop(acks.send(packet));
            }
            Ok(Event::Incoming(Packet::Disconnect(disconnect))) => {
                break format!("{:?}", disconnect.reason_code);
            }
            Ok(Event::Outgoing(rumqttc::Outgoing::Disconnect)) => break "it left".to_owned(),
            Ok(_) => {}
            Err(error) => break error.to_string(),
        }
    };
    if let Ok(mut end) = end.lock() {
        *end = Some(why);
    }
}

fn message(publish: Publish) -> Message {
    Message {
        topic: String::from_utf8_lossy(&publish.topic).into_owned(),
        payload: publish.payload,
        retain: publish.retain,
        properties: publish.properties.unwrap_or_default(),
    }
}

impl Message {
    /// The payload as JSON.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.payload)
            .with_context(|| format!("no JSON on {}: {:?}", self.topic, self.payload))
    }
}
