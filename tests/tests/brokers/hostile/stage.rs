//! A server under attack: what is thrown at it, and what leaves it for anywhere.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use mcp_mqtt::acl::Policy;
use mcp_mqtt::client::Client;
use mcp_mqtt::server::Limits;
use mcp_mqtt::wire::Namespace;
use mcp_mqtt_tests::raw::{Ack, QoS};
use mcp_mqtt_tests::{Message, Properties, RawClient};
use serde_json::{Value, json};

use crate::tools::{Seen, tools};
use crate::world::{Broker, Kind, NAMESPACE, WITNESS, namespace, received, scope};

/// The largest payload that the server takes.
pub const MAX_PAYLOAD: usize = 16 * 1024;
/// The most calls that the server works on.
pub const MAX_IN_FLIGHT: usize = 64;

/// A broker, a server and a good client on it, and a witness of everything.
pub struct Stage {
    pub broker: Broker,
    pub guarded: bool,
    pub scout: Client,
    pub seen: Arc<Seen>,
    pub unblock: mpsc::Sender<()>,
    witness: RawClient,
    good_calls: AtomicUsize,
}

/// Something thrown at the server, by somebody who is scout to the broker.
pub struct Shot {
    pub name: String,
    pub topic: String,
    pub payload: Bytes,
    pub properties: Properties,
    pub retain: bool,
    pub qos: QoS,
    pub due: Due,
}

/// The answer that is due.
#[derive(Debug, Clone)]
pub enum Due {
    /// Nothing is sent to anybody.
    Silence,
    /// `invalid_arguments` with exactly these pointers.
    Invalid(&'static [&'static str]),
    /// The tool runs.
    Result(Value),
}

impl Stage {
    /// On this broker, first with the policy in force, then without.
    pub async fn both(kind: Kind) -> Result<[Self; 2]> {
        let (registry, ..) = tools()?;
        let policy = Policy::derive(&scope(), &registry)?;
        let guarded = Broker::enforcing(kind, &policy, &scope()).await?;
        let open = Broker::open(kind).await?;
        Ok([Self::on(guarded, true).await?, Self::on(open, false).await?])
    }

    /// On this broker.
    pub async fn on(broker: Broker, guarded: bool) -> Result<Self> {
        let (registry, seen, unblock) = tools()?;
        let limits = Limits::default()
            .max_payload(MAX_PAYLOAD)
            .max_in_flight(MAX_IN_FLIGHT);
        let server = broker.server(registry)?.limits(limits);
        // It serves as long as this test's runtime lives.
        server.build()?.start().await?;
        let scout = broker.client("scout").await?;
        let witness = broker.raw(WITNESS).await?;
        witness.subscribe("#").await?;
        let stage = Self {
            broker,
            guarded,
            scout,
            seen,
            unblock,
            witness,
            good_calls: AtomicUsize::new(0),
        };
        // Also takes the retained cards away.
        stage.leaves().await?;
        Ok(stage)
    }

    /// A call that any server in good health answers.
    pub async fn good_call(&self) -> Result<()> {
        let number = self.good_calls.fetch_add(1, Ordering::SeqCst);
        let call = self
            .scout
            .call("greet", json!({"name": format!("good-{number}")}));
        let result = call.await.context("a good call")?;
        ensure!(result == format!("Hello, good-{number}!"), "{result}");
        Ok(())
    }

    /// Fires it, makes good calls, and compares what left the server meanwhile with what is due.
    pub async fn fire(&self, shot: Shot) -> Result<()> {
        let greetings = self.seen.greetings();
        self.throw(&shot).await?;
        let mut answers = Vec::new();
        if !matches!(shot.due, Due::Silence) {
            answers.push(self.answer().await.with_context(|| shot.name.clone())?);
        }
        // What comes without being due, or later than this, fails this shot or the next.
        self.good_call().await?;
        self.good_call().await?;
        let greeted = self.seen.greetings() - greetings - 2;
        answers.extend(self.leaves().await?);
        shot.compare(&answers, greeted).with_context(|| {
            let policy = if self.guarded { "with" } else { "without" };
            let (kind, topic, name) = (self.broker.kind(), &shot.topic, &shot.name);
            format!("{kind:?} {policy} a policy, {topic}: `{name}`")
        })
    }

    /// All of them, one after the other.
    pub async fn fire_all(&self, shots: impl IntoIterator<Item = Shot>) -> Result<()> {
        for shot in shots {
            self.fire(shot).await?;
        }
        Ok(())
    }

    /// From a connection of its own, which the broker may end for it: that is its way to protect others.
    async fn throw(&self, shot: &Shot) -> Result<()> {
        let peer = self.broker.raw("scout").await?;
        let (payload, properties) = (shot.payload.clone(), shot.properties.clone());
        if shot.qos == QoS::AtLeastOnce {
            let sent = peer.publish_with(&shot.topic, payload, shot.retain, properties);
            if let Ok(ack) = sent.await {
                ensure!(
                    self.guarded || ack != Ack::NotAuthorized,
                    "refused: {}",
                    shot.topic
                );
            }
        } else {
            peer.send(shot.qos, &shot.topic, payload, properties)
                .await?;
            // Its acknowledgement says that what came before it was read.
            peer.publish("elsewhere", "").await?;
        }
        Ok(())
    }

    /// The next message that leaves the server, answers to good calls aside.
    async fn answer(&self) -> Result<Message> {
        loop {
            let message = self.witness.message().await?;
            let mark = message.topic.starts_with("mark/");
            if !mark && !is_a_call(&message) && !is_a_good_answer(&message) {
                return Ok(message);
            }
        }
    }

    /// What left the server since this was asked last, answers to good calls aside.
    pub async fn leaves(&self) -> Result<Vec<Message>> {
        let all = received(&self.witness, WITNESS, &self.witness).await?;
        Ok(all
            .into_iter()
            .filter(|m| !is_a_call(m) && !is_a_good_answer(m))
            .collect())
    }
}

fn is_a_call(message: &Message) -> bool {
    let prefix = format!("{NAMESPACE}/mcp/tools/");
    let call = message.topic.strip_prefix(&prefix);
    let call = call.and_then(|rest| rest.split('/').nth(1)) == Some("call");
    call || message.topic == "elsewhere"
}

fn is_a_good_answer(message: &Message) -> bool {
    message.json().is_ok_and(|json| {
        json["result"]
            .as_str()
            .is_some_and(|text| text.starts_with("Hello, good-"))
    })
}

impl Shot {
    /// A payload on scout's own call topic of `greet`, with everything that an answer needs.
    pub fn new(name: impl Into<String>, payload: impl Into<Bytes>, due: Due) -> Self {
        let properties = Properties {
            response_topic: Some(namespace().inbox("scout")),
            correlation_data: Some(correlation()),
            ..Properties::default()
        };
        Self {
            name: name.into(),
            topic: namespace().bound_call("greet", "scout"),
            payload: payload.into(),
            properties,
            retain: false,
            qos: QoS::AtLeastOnce,
            due,
        }
    }

    /// A call in order, but for what is changed afterwards.
    pub fn call(name: impl Into<String>, due: Due) -> Self {
        Self::new(name, good().to_string(), due)
    }

    /// On another topic of the namespace.
    pub fn at(mut self, topic: impl FnOnce(Namespace) -> String) -> Self {
        self.topic = topic(namespace());
        self
    }

    pub fn properties(mut self, change: impl FnOnce(&mut Properties)) -> Self {
        change(&mut self.properties);
        self
    }

    fn compare(&self, answers: &[Message], greeted: usize) -> Result<()> {
        let inbox = namespace().inbox("scout");
        let stray: Vec<_> = answers
            .iter()
            .map(|m| &m.topic)
            .filter(|topic| **topic != inbox)
            .collect();
        ensure!(stray.is_empty(), "the server published to {stray:?}");
        let runs =
            usize::from(matches!(&self.due, Due::Result(_)) && self.topic.contains("/greet/"));
        ensure!(greeted == runs, "the handler ran {greeted} times");
        let answer = match (answers, &self.due) {
            ([], Due::Silence) => return Ok(()),
            ([answer], Due::Invalid(_) | Due::Result(_)) => answer,
            _ => anyhow::bail!("expected {:?}, got {answers:?}", self.due),
        };
        let correlation = self.properties.correlation_data.as_ref();
        ensure!(
            answer.properties.correlation_data.as_ref() == correlation,
            "{answer:?}"
        );
        let json = answer.json()?;
        match &self.due {
            Due::Result(result) => ensure!(json["result"] == *result, "{json}"),
            Due::Invalid(pointers) => {
                ensure!(json["error"]["type"] == "invalid_arguments", "{json}");
                let faults = json["error"]["faults"].as_array().context("no faults")?;
                let found: Vec<_> = faults
                    .iter()
                    .map(|fault| fault["pointer"].as_str())
                    .collect();
                let wanted: Vec<_> = pointers.iter().map(|pointer| Some(*pointer)).collect();
                ensure!(found == wanted, "{json}");
            }
            Due::Silence => {}
        }
        Ok(())
    }
}

/// What a caller knows its answer by: no text, so that nothing takes it for one, and never the same, so that
/// no call is the repeat of another.
fn correlation() -> Bytes {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    [&[0, 255, 7, 254], number.as_slice()].concat().into()
}

/// A call of `greet` in order.
pub fn good() -> Value {
    json!({"call_id": "c1", "client": "scout", "arguments": {"name": "Ann"}})
}
