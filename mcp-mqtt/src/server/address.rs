//! Who calls, and where the answer goes: decided from the topic, the payload and the response topic.
//!
//! An answer leaves for the inbox of the caller of this very call and for nowhere else, whatever a
//! message says: otherwise a hostile caller could make the server write where it may not itself.

use crate::grammar::{self, NameFault};
use crate::wire::Namespace;
#[cfg(test)]
use crate::wire::Topic;

/// What a message says of its sender.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Claims<'a> {
    /// The caller in a caller-bound topic.
    pub(super) bound: Option<&'a str>,
    /// `client` of the payload.
    pub(super) client: Option<&'a str>,
    /// The response topic: the MQTT property, or else that of the payload.
    pub(super) response_topic: Option<&'a str>,
}

/// A caller and its inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) caller: String,
    pub(super) inbox: String,
}

/// Why a message has no usable sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AddressFault {
    /// Nothing names the caller.
    Missing,
    /// The name in `client` is none.
    Name(NameFault),
    /// `client` is not the caller in the topic.
    OtherThanTopic(Address),
    /// The response topic is not the caller's inbox: nothing may be sent.
    ForeignResponseTopic,
}

/// Finds the caller and its inbox.
///
/// # Errors
///
/// [`AddressFault`]; only [`AddressFault::OtherThanTopic`] leaves somebody to answer.
pub(super) fn resolve(ns: &Namespace, claims: Claims<'_>) -> Result<Address, AddressFault> {
    let caller = match (claims.bound, claims.client) {
        (Some(bound), _) => bound,
        (None, Some(client)) => client,
        (None, None) => return Err(AddressFault::Missing),
    };
    grammar::caller(caller).map_err(AddressFault::Name)?;
    let address = Address {
        caller: caller.to_owned(),
        inbox: ns.inbox(caller),
    };
    match claims.response_topic {
        Some(topic) if topic != address.inbox => Err(AddressFault::ForeignResponseTopic),
        _ if claims.client.is_some_and(|client| client != caller) => {
            Err(AddressFault::OtherThanTopic(address))
        }
        _ => Ok(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(claims: Claims<'_>) -> Result<Address, AddressFault> {
        resolve(&Namespace::new("ns").unwrap(), claims)
    }

    fn scout() -> Address {
        Address {
            caller: "scout".into(),
            inbox: "ns/mcp/clients/scout/responses".into(),
        }
    }

    #[test]
    fn the_topic_names_the_caller_before_the_payload_does() {
        let bound = Claims {
            bound: Some("scout"),
            ..Claims::default()
        };
        assert_eq!(resolved(bound), Ok(scout()));
        let claimed = Claims {
            client: Some("scout"),
            ..Claims::default()
        };
        assert_eq!(resolved(claimed), Ok(scout()));
        let both = Claims {
            client: Some("mallory"),
            ..bound
        };
        assert_eq!(resolved(both), Err(AddressFault::OtherThanTopic(scout())));
    }

    #[test]
    fn without_a_name_there_is_no_caller() {
        assert_eq!(resolved(Claims::default()), Err(AddressFault::Missing));
        let hostile = Claims {
            client: Some("a/b"),
            ..Claims::default()
        };
        assert!(matches!(resolved(hostile), Err(AddressFault::Name(_))));
    }

    #[test]
    fn a_response_topic_is_the_callers_inbox_or_refused() {
        for foreign in [
            "",
            "#",
            "+",
            "ns/mcp/clients/mallory/responses",
            "ns/mcp/clients/+/responses",
            "ns/mcp/clients/scout/responses/more",
            "ns/mcp/tools/greet/card",
            "other/mcp/clients/scout/responses",
        ] {
            let claims = Claims {
                client: Some("scout"),
                response_topic: Some(foreign),
                ..Claims::default()
            };
            assert_eq!(
                resolved(claims),
                Err(AddressFault::ForeignResponseTopic),
                "{foreign}"
            );
        }
        let own = Claims {
            client: Some("scout"),
            response_topic: Some("ns/mcp/clients/scout/responses"),
            ..Claims::default()
        };
        assert_eq!(resolved(own), Ok(scout()));
    }

    #[test]
    fn an_inbox_parses_as_one() {
        let ns = Namespace::new("ns").unwrap();
        let parsed = Topic::Inbox { client: "scout" };
        assert_eq!(ns.parse(&scout().inbox), Some(parsed));
    }
}
