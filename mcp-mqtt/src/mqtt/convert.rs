//! Between our packets and rumqttc's. What a broker would answer by closing the connection is refused here.

use bytes::Bytes;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    Filter, LastWill, LastWillProperties, Publish as WirePublish, PublishProperties,
    RetainForwardRule,
};

use super::names::{self, Verdict};
use super::packet::{Message, Properties, Publish, Qos, RetainHandling, Subscription, Will};

impl From<QoS> for Qos {
    fn from(qos: QoS) -> Self {
        match qos {
            QoS::AtMostOnce => Self::AtMostOnce,
            QoS::AtLeastOnce | QoS::ExactlyOnce => Self::AtLeastOnce,
        }
    }
}

impl From<Qos> for QoS {
    fn from(qos: Qos) -> Self {
        match qos {
            Qos::AtMostOnce => Self::AtMostOnce,
            Qos::AtLeastOnce => Self::AtLeastOnce,
        }
    }
}

impl Properties {
    fn check(&self) -> Verdict {
        if let Some(topic) = &self.response_topic {
            names::topic(topic)?;
        }
        if let Some(data) = &self.correlation_data {
            names::binary(data)?;
        }
        if let Some(content_type) = &self.content_type {
            names::text(content_type)?;
        }
        self.user
            .iter()
            .try_for_each(|(key, value)| names::text(key).and(names::text(value)))
    }

    fn into_wire(self) -> Option<PublishProperties> {
        (self != Self::default()).then(|| PublishProperties {
            payload_format_indicator: self.utf8_payload.then_some(1),
            message_expiry_interval: self.message_expiry,
            topic_alias: None,
            response_topic: self.response_topic,
            correlation_data: self.correlation_data,
            user_properties: self.user,
            subscription_identifiers: Vec::new(),
            content_type: self.content_type,
        })
    }

    fn from_wire(properties: PublishProperties) -> Self {
        Self {
            response_topic: properties.response_topic,
            correlation_data: properties.correlation_data,
            content_type: properties.content_type,
            message_expiry: properties.message_expiry_interval,
            utf8_payload: properties.payload_format_indicator == Some(1),
            user: properties.user_properties,
        }
    }

    /// The length on the wire, without the variable-length prefix.
    fn size(&self) -> usize {
        let field = |length: usize| 3 + length;
        self.response_topic
            .as_ref()
            .map_or(0, |text| field(text.len()))
            + self
                .correlation_data
                .as_ref()
                .map_or(0, |data| field(data.len()))
            + self
                .content_type
                .as_ref()
                .map_or(0, |text| field(text.len()))
            + self.message_expiry.map_or(0, |_| 5)
            + if self.utf8_payload { 2 } else { 0 }
            + self
                .user
                .iter()
                .map(|(key, value)| field(key.len()) + 2 + value.len())
                .sum::<usize>()
    }
}

/// The bytes a variable-length integer takes.
fn length_of_length(length: usize) -> usize {
    match length {
        0..=0x7F => 1,
        0x80..=0x3FFF => 2,
        0x4000..=0x1F_FFFF => 3,
        _ => 4,
    }
}

impl Publish {
    pub(super) fn check(&self) -> Verdict {
        names::topic(&self.topic)?;
        self.properties.check()
    }

    /// The whole packet on the wire (MQTT 5.0 §3.3), fixed header included.
    pub(super) fn size(&self) -> usize {
        let packet_id = if self.qos == Qos::AtLeastOnce { 2 } else { 0 };
        let properties = self.properties.size();
        let remaining = 2
            + self.topic.len()
            + packet_id
            + length_of_length(properties)
            + properties
            + self.payload.len();
        1 + length_of_length(remaining) + remaining
    }

    pub(super) fn into_parts(self) -> (String, QoS, bool, Bytes, Option<PublishProperties>) {
        (
            self.topic,
            self.qos.into(),
            self.retain,
            self.payload,
            self.properties.into_wire(),
        )
    }
}

impl Message {
    /// `None` if the broker sent a topic that is no text, or an alias although none was offered.
    pub(super) fn from_wire(publish: WirePublish) -> Option<Self> {
        Some(Self {
            topic: str::from_utf8(&publish.topic)
                .ok()
                .filter(|topic| !topic.is_empty())?
                .to_owned(),
            payload: publish.payload,
            retain: publish.retain,
            qos: publish.qos.into(),
            properties: publish
                .properties
                .map(Properties::from_wire)
                .unwrap_or_default(),
        })
    }
}

impl Will {
    pub(super) fn check(&self) -> Verdict {
        names::topic(&self.topic)?;
        if names::binary(&self.payload).is_err() {
            return Err("the will's payload is longer than 65535 bytes");
        }
        self.properties.check()
    }

    pub(super) fn into_wire(self) -> LastWill {
        let properties = self
            .properties
            .into_wire()
            .map(|properties| LastWillProperties {
                delay_interval: None,
                payload_format_indicator: properties.payload_format_indicator,
                message_expiry_interval: properties.message_expiry_interval,
                content_type: properties.content_type,
                response_topic: properties.response_topic,
                correlation_data: properties.correlation_data,
                user_properties: properties.user_properties,
            });
        LastWill::new(
            self.topic,
            self.payload,
            QoS::AtLeastOnce,
            self.retain,
            properties,
        )
    }
}

impl Subscription {
    pub(super) fn check(&self) -> Verdict {
        if self.no_local && self.is_shared() {
            // A protocol error (MQTT 5.0 §3.8.3.1).
            return Err("a shared subscription cannot be `no_local`");
        }
        names::filter(&self.filter)
    }

    pub(super) fn is_shared(&self) -> bool {
        self.filter.starts_with("$share/")
    }

    pub(super) fn has_wildcard(&self) -> bool {
        self.filter.contains(['+', '#'])
    }

    pub(super) fn into_wire(self) -> Filter {
        Filter {
            path: self.filter,
            qos: self.qos.into(),
            nolocal: self.no_local,
            // Otherwise a retained message that is forwarded live looks like any other, and a retained call would run.
            preserve_retain: true,
            retain_forward_rule: match self.retain {
                RetainHandling::Always => RetainForwardRule::OnEverySubscribe,
                RetainHandling::Never => RetainForwardRule::Never,
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn publish() -> Publish {
        Publish {
            topic: "a".to_owned(),
            payload: Bytes::new(),
            qos: Qos::AtLeastOnce,
            retain: false,
            properties: Properties::default(),
        }
    }

    #[test]
    fn a_publish_that_would_end_the_connection_is_refused() {
        let with = |change: fn(&mut Publish)| {
            let mut publish = publish();
            change(&mut publish);
            publish.check()
        };
        assert_eq!(with(|_| ()), Ok(()));
        assert!(with(|p| p.topic.push('#')).is_err());
        assert!(with(|p| p.properties.response_topic = Some("a/+".into())).is_err());
        assert!(with(|p| p.properties.content_type = Some("a\0".into())).is_err());
        assert!(with(|p| p.properties.correlation_data = Some(vec![0; 65_536].into())).is_err());
        assert!(with(|p| p.properties.user.push(("a".into(), "b\nc".into()))).is_err());
        assert_eq!(
            with(|p| p.properties.correlation_data = Some(vec![0; 65_535].into())),
            Ok(())
        );
    }

    #[test]
    fn a_shared_filter_cannot_be_no_local() {
        let mut subscription = Subscription {
            filter: "$share/g/a".into(),
            qos: Qos::AtLeastOnce,
            no_local: true,
            retain: RetainHandling::Never,
        };
        assert!(subscription.check().is_err());
        subscription.no_local = false;
        assert_eq!(subscription.check(), Ok(()));
    }

    #[test]
    fn a_message_whose_topic_is_no_text_is_dropped() {
        for topic in [&b""[..], b"\xff"] {
            let wire = WirePublish {
                topic: Bytes::copy_from_slice(topic),
                ..WirePublish::default()
            };
            assert_eq!(Message::from_wire(wire), None);
        }
    }

    proptest! {
        #[test]
        fn the_size_is_that_of_the_bytes_written(
            topic in "[a-z]{1,200}",
            payload in prop::sample::select(vec![0_usize, 100, 127, 128, 16_000, 16_384, 2_100_000]),
            once in any::<bool>(),
            response_topic in prop::option::of("[a-z]{1,20}"),
            correlation_data in prop::option::of(prop::collection::vec(any::<u8>(), 0..20)),
            content_type in prop::option::of("[a-z]{0,20}"),
            message_expiry in any::<Option<u32>>(),
            utf8_payload in any::<bool>(),
            user in prop::collection::vec(("[a-z]{0,9}", "[a-z]{0,90}"), 0..4),
        ) {
            let correlation_data = correlation_data.map(Bytes::from);
            let publish = Publish {
                topic,
                payload: vec![0; payload].into(),
                qos: if once { Qos::AtLeastOnce } else { Qos::AtMostOnce },
                retain: false,
                properties: Properties { response_topic, correlation_data, content_type, message_expiry, utf8_payload, user },
            };
            let size = publish.size();
            let (topic, qos, _, payload, properties) = publish.into_parts();
            let mut wire = WirePublish::new(topic, qos, payload, properties);
            wire.pkid = 1;
            let mut bytes = bytes::BytesMut::new();
            wire.write(&mut bytes).unwrap();
            prop_assert_eq!(size, bytes.len());
        }
    }
}
