//! What the broker said in its CONNACK that it can and cannot do (MQTT 5.0 §3.2.2.3).

use rumqttc::v5::mqttbytes::v5::ConnAckProperties;

use super::error::RequestError;
use super::packet::{Publish, Qos, Subscription};
use super::reason::ReasonCode;

/// The largest packet MQTT can express: one byte, four of length, 268 435 455 of content.
const LARGEST: usize = 268_435_460;

/// The broker's limits. A request over one of them would end the connection, so it fails here, alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes, the whole packet; `None` if the broker sets no limit.
    pub(crate) max_packet_size: Option<u32>,
    /// Publishes at QoS 1 that may wait for their PUBACK at the same time.
    pub(crate) receive_maximum: u16,
    pub(crate) max_qos: Qos,
    pub(crate) retain: bool,
    pub(crate) wildcards: bool,
    pub(crate) shared: bool,
    /// Seconds, if the broker overrules what was asked for; 0 = none.
    pub(crate) server_keep_alive: Option<u16>,
    pub(crate) assigned_client_id: Option<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_packet_size: None,
            receive_maximum: u16::MAX,
            max_qos: Qos::AtLeastOnce,
            retain: true,
            wildcards: true,
            shared: true,
            server_keep_alive: None,
            assigned_client_id: None,
        }
    }
}

impl From<ConnAckProperties> for Limits {
    fn from(properties: ConnAckProperties) -> Self {
        let available = |value: Option<u8>| value != Some(0);
        Self {
            max_packet_size: properties.max_packet_size,
            receive_maximum: properties.receive_max.unwrap_or(u16::MAX),
            max_qos: if properties.max_qos == Some(0) {
                Qos::AtMostOnce
            } else {
                Qos::AtLeastOnce
            },
            retain: available(properties.retain_available),
            wildcards: available(properties.wildcard_subscription_available),
            shared: available(properties.shared_subscription_available),
            server_keep_alive: properties.server_keep_alive,
            assigned_client_id: properties.assigned_client_identifier,
        }
    }
}

impl Limits {
    pub(super) fn check_size(&self, size: usize) -> Result<(), RequestError> {
        let limit = self.max_packet_size.map_or(LARGEST, |max| {
            LARGEST.min(usize::try_from(max).unwrap_or(LARGEST))
        });
        if size > limit {
            Err(RequestError::TooLarge { size, limit })
        } else {
            Ok(())
        }
    }

    pub(super) fn check_publish(&self, publish: &Publish) -> Result<(), RequestError> {
        if publish.retain && !self.retain {
            return Err(RequestError::Refused(ReasonCode::RETAIN_NOT_SUPPORTED));
        }
        if publish.qos == Qos::AtLeastOnce && self.max_qos == Qos::AtMostOnce {
            return Err(RequestError::Refused(ReasonCode::QOS_NOT_SUPPORTED));
        }
        self.check_size(publish.size())
    }

    pub(super) fn check_subscription(
        &self,
        subscription: &Subscription,
    ) -> Result<(), RequestError> {
        if subscription.is_shared() && !self.shared {
            return Err(RequestError::Refused(
                ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
            ));
        }
        if subscription.has_wildcard() && !self.wildcards {
            return Err(RequestError::Refused(
                ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::packet::{Properties, RetainHandling};

    #[test]
    fn a_publish_over_a_limit_is_refused_with_the_brokers_own_code() {
        let mut publish = Publish {
            topic: "t".into(),
            payload: vec![0; 10].into(),
            qos: Qos::AtLeastOnce,
            retain: true,
            properties: Properties::default(),
        };
        let check = |limits: Limits, publish: &Publish| limits.check_publish(publish);
        assert_eq!(check(Limits::default(), &publish), Ok(()));
        let refused = |code| Err(RequestError::Refused(code));
        assert_eq!(
            check(
                Limits {
                    retain: false,
                    ..Limits::default()
                },
                &publish
            ),
            refused(ReasonCode(0x9A))
        );
        assert_eq!(
            check(
                Limits {
                    max_qos: Qos::AtMostOnce,
                    ..Limits::default()
                },
                &publish
            ),
            refused(ReasonCode(0x9B))
        );
        let tight = |max| Limits {
            max_packet_size: Some(max),
            ..Limits::default()
        };
        assert_eq!(publish.size(), 18);
        assert_eq!(check(tight(18), &publish), Ok(()));
        assert_eq!(
            check(tight(17), &publish),
            Err(RequestError::TooLarge {
                size: 18,
                limit: 17
            })
        );
        publish.qos = Qos::AtMostOnce;
        assert_eq!(check(tight(17), &publish), Ok(()));
    }

    #[test]
    fn a_subscription_the_broker_cannot_serve_is_refused() {
        let subscription = |filter: &str| Subscription {
            filter: filter.into(),
            qos: Qos::AtLeastOnce,
            no_local: false,
            retain: RetainHandling::Never,
        };
        let limits = Limits {
            shared: false,
            wildcards: false,
            ..Limits::default()
        };
        assert_eq!(limits.check_subscription(&subscription("a")), Ok(()));
        assert!(limits.check_subscription(&subscription("a/+")).is_err());
        assert!(
            limits
                .check_subscription(&subscription("$share/g/a"))
                .is_err()
        );
    }
}
