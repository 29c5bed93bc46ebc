//! A server that does what a test says, well-behaved or not.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::mqtt::{
    ConnectOptions, Connection, Event, Message, Properties, Publish, Published, Qos,
    RetainHandling, Subscription,
};

/// A peer that is connected, subscribed, and records what it gets.
pub(super) struct Script {
    pub(super) connection: Connection,
    received: Arc<Mutex<Vec<Message>>>,
}

/// One message that a script got, and what it can do about it.
pub(super) struct Exchange<'a> {
    pub(super) message: &'a Message,
    pub(super) connection: &'a Connection,
}

impl Script {
    /// Subscribes to `filters` below `demo/mcp/` and runs `answer` for each message.
    pub(super) async fn start(
        broker: &Mosquitto,
        filters: &[&str],
        answer: impl Fn(Exchange<'_>) + Send + 'static,
    ) -> Self {
        Self::start_as(broker, "server", filters, answer).await
    }

    pub(super) async fn start_as(
        broker: &Mosquitto,
        user: &str,
        filters: &[&str],
        answer: impl Fn(Exchange<'_>) + Send + 'static,
    ) -> Self {
        let mut options = ConnectOptions::new(url(broker).parse().unwrap());
        options.username = Some(user.to_owned());
        Self::start_with(options, filters, answer).await
    }

    pub(super) async fn start_with(
        options: ConnectOptions,
        filters: &[&str],
        answer: impl Fn(Exchange<'_>) + Send + 'static,
    ) -> Self {
        let received: Arc<Mutex<Vec<Message>>> = Arc::default();
        let record = received.clone();
        let connection = Connection::open_with(options, None, |weak| {
            move |event| {
                if let (Event::Message(message), Some(connection)) = (event, weak.upgrade()) {
                    record.lock().unwrap().push(message.clone());
                    answer(Exchange {
                        message: &message,
                        connection: &connection,
                    });
                }
            }
        })
        .unwrap();
        soon(connection.wait_connected(std::time::Instant::now() + DEADLINE))
            .await
            .unwrap();
        let subscriptions = filters.iter().map(|filter| Subscription {
            filter: if filter.starts_with('#') {
                (*filter).to_owned()
            } else {
                format!("demo/mcp/{filter}")
            },
            qos: Qos::AtLeastOnce,
            no_local: false,
            retain: RetainHandling::Never,
        });
        let granted = soon(connection.subscribe(subscriptions.collect()))
            .await
            .unwrap();
        assert!(granted.iter().all(Result::is_ok));
        Self {
            connection,
            received,
        }
    }

    /// Publishes the retained card of a tool and, online, that of its server `hello`.
    pub(super) async fn announce(&self, tool: &str, extra: Value) {
        self.server_card("online").await;
        self.tool_card(tool, "online", extra).await;
    }

    pub(super) async fn tool_card(&self, tool: &str, status: &str, extra: Value) {
        let card = tool_json(tool, "hello", status, extra);
        self.retain(&format!("tools/{tool}/card"), &card.to_string())
            .await;
    }

    pub(super) async fn server_card(&self, status: &str) {
        self.retain(
            "servers/hello/card",
            &server_json("hello", status).to_string(),
        )
        .await;
    }

    pub(super) async fn instance(&self, name: &str, status: &str) {
        let topic = format!("servers/hello/instances/{name}");
        self.retain(&topic, &instance_json(name, status).to_string())
            .await;
    }

    pub(super) async fn retain(&self, topic: &str, payload: &str) {
        let publish = publish(topic, payload.to_owned().into(), None, true);
        soon(self.connection.publish(publish)).await.unwrap();
    }

    pub(super) async fn publish(&self, topic: &str, payload: &str) -> Published {
        let publish = publish(topic, payload.to_owned().into(), None, false);
        soon(self.connection.publish(publish)).await.unwrap()
    }

    /// The topics of what it got, below `demo/mcp/`.
    pub(super) fn topics(&self) -> Vec<String> {
        let received = self.received.lock().unwrap();
        received
            .iter()
            .map(|m| m.topic.trim_start_matches("demo/mcp/").to_owned())
            .collect()
    }

    pub(super) fn received(&self) -> Vec<Message> {
        self.received.lock().unwrap().clone()
    }
}

impl Exchange<'_> {
    pub(super) fn payload(&self) -> Value {
        serde_json::from_slice(&self.message.payload).unwrap()
    }

    pub(super) fn call_id(&self) -> String {
        self.payload()["call_id"].as_str().unwrap().to_owned()
    }

    pub(super) fn correlation(&self) -> Bytes {
        self.message.properties.correlation_data.clone().unwrap()
    }

    pub(super) fn wants_inbox(&self) -> bool {
        let property = ("mcp-mqtt-inbox".to_owned(), "1".to_owned());
        self.message.properties.user.contains(&property)
    }

    /// Answers with a result.
    pub(super) fn ok(&self, result: Value) {
        self.respond(
            &json!({"call_id": self.call_id(), "status": "ok", "result": result, "elapsed_ms": 1}),
        );
    }

    /// Answers with an error.
    pub(super) fn error(&self, error: Value) {
        self.respond(
            &json!({"call_id": self.call_id(), "status": "error", "error": error, "elapsed_ms": 1}),
        );
    }

    /// Answers in the inbox that the call names, with its correlation data.
    pub(super) fn respond(&self, payload: &Value) {
        self.send(payload, self.correlation());
    }

    pub(super) fn send(&self, payload: &Value, correlation: Bytes) {
        let inbox = self.message.properties.response_topic.clone().unwrap();
        let inbox = inbox.trim_start_matches("demo/mcp/");
        let publish = publish(inbox, payload.to_string().into(), Some(correlation), false);
        drop(self.connection.publish(publish));
    }

    /// Says that `instance` has the call.
    pub(super) fn accept(&self, instance: &str) {
        let id = self.call_id();
        self.respond(&json!({"call_id": id, "status": "accepted", "instance": instance}));
    }

    /// Publishes the card of an instance, or takes it back.
    pub(super) fn instance(&self, name: &str, status: Option<&str>) {
        let card = status.map(|status| instance_json(name, status).to_string());
        let topic = format!("servers/hello/instances/{name}");
        let publish = publish(&topic, card.unwrap_or_default().into(), None, true);
        drop(self.connection.publish(publish));
    }

    /// What the broker publishes when `instance` is killed.
    pub(super) fn gone(&self, instance: &str) {
        let mut card = server_json("hello", "offline");
        card["x_mcp_mqtt"] = json!({"gone": instance});
        self.retain("servers/hello/card", &card);
    }

    /// Publishes below `demo/mcp/`.
    pub(super) fn publish(&self, topic: &str, payload: &Value) {
        let publish = publish(topic, payload.to_string().into(), None, false);
        drop(self.connection.publish(publish));
    }

    /// The same, retained.
    pub(super) fn retain(&self, topic: &str, payload: &Value) {
        let publish = publish(topic, payload.to_string().into(), None, true);
        drop(self.connection.publish(publish));
    }

    pub(super) fn partial(&self, seq: u64, data: Value) -> Value {
        json!({"call_id": self.call_id(), "seq": seq, "type": "partial", "data": data})
    }

    pub(super) fn done(&self, seq: u64) -> Value {
        json!({"call_id": self.call_id(), "seq": seq, "type": "done"})
    }
}

fn publish(topic: &str, payload: Bytes, correlation: Option<Bytes>, retain: bool) -> Publish {
    Publish {
        topic: format!("demo/mcp/{topic}"),
        payload,
        qos: Qos::AtLeastOnce,
        retain,
        properties: Properties {
            correlation_data: correlation,
            ..Properties::default()
        },
    }
}
