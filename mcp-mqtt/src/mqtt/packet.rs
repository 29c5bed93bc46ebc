//! What travels: the messages, properties and subscriptions this crate speaks of. Plain data; `convert.rs` turns it
//! into rumqttc's and back.

use bytes::Bytes;

/// Quality of service. 2 is not used: a call carries its own id, so duplicates are told apart a layer higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Qos {
    AtMostOnce,
    AtLeastOnce,
}

/// A message to send.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Publish {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) qos: Qos,
    pub(crate) retain: bool,
    pub(crate) properties: Properties,
}

/// The properties of a PUBLISH (MQTT 5.0 §3.3.2.3) that this crate uses.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Properties {
    pub(crate) response_topic: Option<String>,
    pub(crate) correlation_data: Option<Bytes>,
    pub(crate) content_type: Option<String>,
    /// Seconds. Some brokers take 0 for "never expires": do not send it.
    pub(crate) message_expiry: Option<u32>,
    /// The payload is UTF-8 text (payload format indicator 1).
    pub(crate) utf8_payload: bool,
    pub(crate) user: Vec<(String, String)>,
}

/// A message that arrived.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    /// As the publisher set it, also on messages that are forwarded live ("retain as published").
    pub(crate) retain: bool,
    pub(crate) qos: Qos,
    pub(crate) properties: Properties,
}

/// What the broker publishes, always at QoS 1, when this connection ends without a DISCONNECT.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Will {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) retain: bool,
    pub(crate) properties: Properties,
}

/// A topic filter, possibly `$share/{group}/…`, with its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) filter: String,
    pub(crate) qos: Qos,
    /// Own messages do not come back. Never together with a shared filter.
    pub(crate) no_local: bool,
    pub(crate) retain: RetainHandling,
}

/// When the broker sends the retained messages that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetainHandling {
    Always,
    Never,
}

/// What became of a publish that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// QoS 1: the broker has it. QoS 0: it was handed to the socket.
    Delivered,
    /// The broker has it and knows no subscriber for it (0x10). Not every broker says so.
    NoSubscriber,
}
