//! MQTT reason codes: one number type with words, and its making from rumqttc's enums.

use std::fmt;

use rumqttc::v5::mqttbytes::v5::{
    ConnectReturnCode, DisconnectReasonCode, PubAckReason, SubscribeReasonCode, UnsubAckReason,
};

use super::packet::Qos;

/// A reason code of MQTT 5.0 §2.4; those from 0x80 are failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ReasonCode(pub(crate) u8);

impl ReasonCode {
    pub(crate) const SUCCESS: Self = Self(0x00);
    pub(crate) const NO_MATCHING_SUBSCRIBERS: Self = Self(0x10);
    pub(crate) const NO_SUBSCRIPTION_EXISTED: Self = Self(0x11);
    pub(crate) const UNSPECIFIED_ERROR: Self = Self(0x80);
    pub(crate) const IMPLEMENTATION_SPECIFIC_ERROR: Self = Self(0x83);
    pub(crate) const NOT_AUTHORIZED: Self = Self(0x87);
    pub(crate) const SESSION_TAKEN_OVER: Self = Self(0x8E);
    pub(crate) const TOPIC_FILTER_INVALID: Self = Self(0x8F);
    pub(crate) const TOPIC_NAME_INVALID: Self = Self(0x90);
    pub(crate) const PACKET_IDENTIFIER_IN_USE: Self = Self(0x91);
    pub(crate) const QUOTA_EXCEEDED: Self = Self(0x97);
    pub(crate) const PAYLOAD_FORMAT_INVALID: Self = Self(0x99);
    pub(crate) const RETAIN_NOT_SUPPORTED: Self = Self(0x9A);
    pub(crate) const QOS_NOT_SUPPORTED: Self = Self(0x9B);
    pub(crate) const SHARED_SUBSCRIPTIONS_NOT_SUPPORTED: Self = Self(0x9E);
    pub(crate) const SUBSCRIPTION_IDS_NOT_SUPPORTED: Self = Self(0xA1);
    pub(crate) const WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED: Self = Self(0xA2);

    pub(crate) fn is_failure(self) -> bool {
        self.0 >= 0x80
    }

    /// What the code means, in words.
    pub(crate) fn words(self) -> &'static str {
        match self.0 {
            0x00 => "success",
            0x10 => "no matching subscribers",
            0x11 => "no subscription existed",
            0x81 => "malformed packet",
            0x82 => "protocol error",
            0x83 => "a reason specific to this broker",
            0x84 => "the broker does not speak MQTT 5 here",
            0x85 => "the client id is not accepted",
            0x86 => "bad user name or password",
            0x87 => "not authorized",
            0x88 => "the broker is unavailable",
            0x89 => "the broker is busy",
            0x8A => "this client is banned",
            0x8B => "the broker is shutting down",
            0x8C => "bad authentication method",
            0x8D => "keep-alive time-out",
            0x8E => "another client took the session over",
            0x8F => "topic filter not accepted",
            0x90 => "topic name not accepted",
            0x91 => "packet identifier in use",
            0x93 => "receive maximum exceeded",
            0x94 => "topic alias invalid",
            0x95 => "packet too large",
            0x96 => "message rate too high",
            0x97 => "quota exceeded",
            0x98 => "administrative action",
            0x99 => "payload format invalid",
            0x9A => "retained messages are not supported",
            0x9B => "this quality of service is not supported",
            0x9C => "use another server",
            0x9D => "the server moved",
            0x9E => "shared subscriptions are not supported",
            0x9F => "connection rate exceeded",
            0xA0 => "maximum connect time",
            0xA1 => "subscription identifiers are not supported",
            0xA2 => "wildcard subscriptions are not supported",
            _ => "unspecified error",
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:02X})", self.words(), self.0)
    }
}

impl From<PubAckReason> for ReasonCode {
    fn from(reason: PubAckReason) -> Self {
        match reason {
            PubAckReason::Success => Self::SUCCESS,
            PubAckReason::NoMatchingSubscribers => Self::NO_MATCHING_SUBSCRIBERS,
            PubAckReason::UnspecifiedError => Self::UNSPECIFIED_ERROR,
            PubAckReason::ImplementationSpecificError => Self::IMPLEMENTATION_SPECIFIC_ERROR,
            PubAckReason::NotAuthorized => Self::NOT_AUTHORIZED,
            PubAckReason::TopicNameInvalid => Self::TOPIC_NAME_INVALID,
            PubAckReason::PacketIdentifierInUse => Self::PACKET_IDENTIFIER_IN_USE,
            PubAckReason::QuotaExceeded => Self::QUOTA_EXCEEDED,
            PubAckReason::PayloadFormatInvalid => Self::PAYLOAD_FORMAT_INVALID,
        }
    }
}

/// The granted quality of service, or why the filter was refused.
pub(super) fn granted(reason: SubscribeReasonCode) -> Result<Qos, ReasonCode> {
    use SubscribeReasonCode as Code;
    Err(match reason {
        Code::Success(qos) => return Ok(qos.into()),
        Code::Failure | Code::Unspecified => ReasonCode::UNSPECIFIED_ERROR,
        Code::ImplementationSpecific => ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR,
        Code::NotAuthorized => ReasonCode::NOT_AUTHORIZED,
        Code::TopicFilterInvalid => ReasonCode::TOPIC_FILTER_INVALID,
        Code::PkidInUse => ReasonCode::PACKET_IDENTIFIER_IN_USE,
        Code::QuotaExceeded => ReasonCode::QUOTA_EXCEEDED,
        Code::SharedSubscriptionsNotSupported => ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
        Code::SubscriptionIdNotSupported => ReasonCode::SUBSCRIPTION_IDS_NOT_SUPPORTED,
        Code::WildcardSubscriptionsNotSupported => ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
    })
}

impl From<UnsubAckReason> for ReasonCode {
    fn from(reason: UnsubAckReason) -> Self {
        match reason {
            UnsubAckReason::Success => Self::SUCCESS,
            UnsubAckReason::NoSubscriptionExisted => Self::NO_SUBSCRIPTION_EXISTED,
            UnsubAckReason::UnspecifiedError => Self::UNSPECIFIED_ERROR,
            UnsubAckReason::ImplementationSpecificError => Self::IMPLEMENTATION_SPECIFIC_ERROR,
            UnsubAckReason::NotAuthorized => Self::NOT_AUTHORIZED,
            UnsubAckReason::TopicFilterInvalid => Self::TOPIC_FILTER_INVALID,
            UnsubAckReason::PacketIdentifierInUse => Self::PACKET_IDENTIFIER_IN_USE,
        }
    }
}

impl From<DisconnectReasonCode> for ReasonCode {
    fn from(reason: DisconnectReasonCode) -> Self {
        // rumqttc gives each variant the number of the specification.
        Self(reason as u8)
    }
}

impl From<ConnectReturnCode> for ReasonCode {
    fn from(code: ConnectReturnCode) -> Self {
        use ConnectReturnCode as Code;
        Self(match code {
            Code::Success => 0x00,
            Code::UnspecifiedError => 0x80,
            Code::MalformedPacket => 0x81,
            Code::ProtocolError => 0x82,
            Code::ImplementationSpecificError => 0x83,
            Code::RefusedProtocolVersion | Code::UnsupportedProtocolVersion => 0x84,
            Code::BadClientId | Code::ClientIdentifierNotValid => 0x85,
            Code::BadUserNamePassword => 0x86,
            Code::NotAuthorized => 0x87,
            Code::ServiceUnavailable | Code::ServerUnavailable => 0x88,
            Code::ServerBusy => 0x89,
            Code::Banned => 0x8A,
            Code::BadAuthenticationMethod => 0x8C,
            Code::TopicNameInvalid => 0x90,
            Code::PacketTooLarge => 0x95,
            Code::QuotaExceeded => 0x97,
            Code::PayloadFormatInvalid => 0x99,
            Code::RetainNotSupported => 0x9A,
            Code::QoSNotSupported => 0x9B,
            Code::UseAnotherServer => 0x9C,
            Code::ServerMoved => 0x9D,
            Code::ConnectionRateExceeded => 0x9F,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_prints_its_words_and_its_number() {
        assert_eq!(
            ReasonCode::NOT_AUTHORIZED.to_string(),
            "not authorized (0x87)"
        );
        assert_eq!(ReasonCode(0xEE).to_string(), "unspecified error (0xEE)");
        assert!(!ReasonCode::NO_MATCHING_SUBSCRIBERS.is_failure());
        assert!(ReasonCode::UNSPECIFIED_ERROR.is_failure());
    }

    #[test]
    fn a_disconnect_keeps_the_number_of_the_specification() {
        assert_eq!(
            ReasonCode::from(DisconnectReasonCode::SessionTakenOver),
            ReasonCode::SESSION_TAKEN_OVER
        );
    }
}
