//! The errors of a connection as a whole (public) and of one request on it.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::v5::{ConnectionError as WireError, StateError, mqttbytes};

use super::reason::ReasonCode;

type Source = Arc<dyn Error + Send + Sync>;

/// Why there is no connection to the broker.
///
/// `Display` is one clause without the cause; the cause is in [`source`](Error::source).
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// Name resolution or the TCP connection failed.
    #[error(
        "cannot reach the broker at {address}; check the address and that the broker is running"
    )]
    #[non_exhaustive]
    Unreachable {
        /// `host:port`.
        address: String,
        /// What the operating system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// The broker did not accept the connection within the time allowed.
    #[error("the broker at {address} did not answer within {}", humantime::format_duration(*.after))]
    #[non_exhaustive]
    TimedOut {
        /// `host:port`.
        address: String,
        /// How long was waited.
        after: Duration,
    },
    /// The TLS handshake failed.
    #[error(
        "cannot set up TLS with the broker at {address}; check that the port speaks TLS, the host name, and the CA file"
    )]
    #[non_exhaustive]
    Tls {
        /// `host:port`.
        address: String,
        /// What the TLS library said.
        #[source]
        source: Source,
    },
    /// The WebSocket handshake failed.
    #[error("cannot set up a WebSocket with the broker at {address}; check the port and the path")]
    #[non_exhaustive]
    WebSocket {
        /// `host:port`.
        address: String,
        /// What the WebSocket library said.
        #[source]
        source: Source,
    },
    /// The broker answered the CONNECT with a refusal.
    #[error("the broker at {address} refused the connection: {reason} (0x{code:02X}){}", advice(*.code))]
    #[non_exhaustive]
    Refused {
        /// `host:port`.
        address: String,
        /// The reason code of the CONNACK (MQTT 5.0 §3.2.2.2).
        code: u8,
        /// The same in words.
        reason: &'static str,
    },
    /// What answers at the address does not speak MQTT 5.
    #[error(
        "what answers at {address} is no MQTT 5 broker, or wants TLS or a WebSocket; check the scheme and port"
    )]
    #[non_exhaustive]
    NotMqtt {
        /// `host:port`.
        address: String,
        /// What was received instead.
        #[source]
        source: Option<Source>,
    },
    /// Another client connected with the same client id.
    #[error(
        "another client connected with the client id `{client_id}`; give each client an id of its own"
    )]
    #[non_exhaustive]
    TakenOver {
        /// The id that both used.
        client_id: String,
    },
    /// The broker ended the connection and said why.
    #[error("the broker ended the connection: {reason} (0x{code:02X}){}", .text.as_deref().map(|t| format!(", \"{t}\"")).unwrap_or_default())]
    #[non_exhaustive]
    Disconnected {
        /// The reason code of the DISCONNECT (MQTT 5.0 §3.14.2.1).
        code: u8,
        /// The same in words.
        reason: &'static str,
        /// The broker's own words, escaped.
        text: Option<String>,
    },
    /// The connection broke, or the broker closed it without a word.
    #[error(
        "the connection was closed without a reason; should it happen again and again, another client may be using the same client id"
    )]
    #[non_exhaustive]
    Closed {
        /// What the operating system said, if anything.
        #[source]
        source: Option<Arc<io::Error>>,
    },
    /// The broker did not answer within the keep-alive time.
    #[error("the broker stopped answering")]
    NoAnswer,
    /// The broker sent something that MQTT does not allow.
    #[error("the broker broke the MQTT protocol")]
    #[non_exhaustive]
    Protocol {
        /// What it was.
        #[source]
        source: Source,
    },
    /// This side closed the connection.
    #[error("the connection was closed on this side")]
    Stopped,
}

fn advice(code: u8) -> &'static str {
    match code {
        0x85 => "; choose another client id",
        0x86 | 0x87 => "; check the user name and the password",
        0x90 | 0x95 | 0x99..=0x9B => "; it concerns the last will",
        _ => "",
    }
}

/// Shows a text that a peer chose without letting it drive the terminal.
fn shown(text: &str) -> String {
    text.chars()
        .take(200)
        .flat_map(char::escape_debug)
        .collect()
}

impl ConnectionError {
    /// Whether trying again can only fail in the same way: the refusals that speak of this client's configuration.
    pub(super) fn is_about_configuration(&self) -> bool {
        matches!(self, Self::Refused { code: 0x81 | 0x82 | 0x84..=0x87 | 0x8A | 0x8C | 0x90 | 0x95 | 0x99..=0x9B, .. })
    }

    pub(super) fn protocol(text: &'static str) -> Self {
        Self::Protocol {
            source: Arc::from(Box::<dyn Error + Send + Sync>::from(text)),
        }
    }

    /// `address` and `client_id` are this side's; `connected` says whether the CONNACK had arrived.
    pub(super) fn from_wire(
        error: WireError,
        address: &str,
        client_id: &str,
        connected: bool,
    ) -> Self {
        let address = address.to_owned();
        match error {
            WireError::Io(source) if connected => Self::Closed {
                source: Some(Arc::new(source)),
            },
            WireError::Io(source) => Self::Unreachable {
                address,
                source: Arc::new(source),
            },
            WireError::ConnectionRefused(code) => Self::refused(code.into(), address),
            WireError::NotConnAck(packet) => Self::NotMqtt {
                address,
                source: Some(Arc::from(Box::<dyn Error + Send + Sync>::from(format!(
                    "expected a CONNACK, got {}",
                    shown(&format!("{packet:?}"))
                )))),
            },
            WireError::MqttState(error) => Self::from_state(error, address, client_id, connected),
            #[cfg(feature = "tls")]
            WireError::Tls(rumqttc::TlsError::Io(source)) => Self::Tls {
                address,
                source: Arc::new(source),
            },
            #[cfg(feature = "tls")]
            WireError::Tls(source) => Self::Tls {
                address,
                source: Arc::new(source),
            },
            #[cfg(feature = "ws")]
            WireError::Websocket(source) => Self::WebSocket {
                address,
                source: Arc::new(source),
            },
            #[cfg(feature = "ws")]
            WireError::ResponseValidation(source) => Self::WebSocket {
                address,
                source: Arc::new(source),
            },
            error => Self::Protocol {
                source: Arc::new(error),
            },
        }
    }

    fn refused(code: ReasonCode, address: String) -> Self {
        Self::Refused {
            address,
            code: code.0,
            reason: code.words(),
        }
    }

    fn from_state(error: StateError, address: String, client_id: &str, connected: bool) -> Self {
        match error {
            StateError::ServerDisconnect {
                reason_code,
                reason_string,
            } => match ReasonCode::from(reason_code) {
                ReasonCode::SESSION_TAKEN_OVER => Self::TakenOver {
                    client_id: client_id.to_owned(),
                },
                code => Self::Disconnected {
                    code: code.0,
                    reason: code.words(),
                    text: reason_string.map(|text| shown(&text)),
                },
            },
            StateError::ConnFail { reason } => Self::refused(reason.into(), address),
            StateError::AwaitPingResp | StateError::CollisionTimeout => Self::NoAnswer,
            StateError::Io(source) | StateError::Deserialization(mqttbytes::Error::Io(source))
                if connected =>
            {
                Self::Closed {
                    source: Some(Arc::new(source)),
                }
            }
            // With TLS 1.3 a client hears only after the handshake that its certificate is missing or refused.
            #[cfg(feature = "tls")]
            StateError::Deserialization(mqttbytes::Error::Io(source))
                if source
                    .get_ref()
                    .is_some_and(|error| error.is::<rustls::Error>()) =>
            {
                Self::Tls {
                    address,
                    source: Arc::new(source),
                }
            }
            StateError::ConnectionAborted if connected => Self::Closed { source: None },
            StateError::ConnectionAborted => Self::NotMqtt {
                address,
                source: None,
            },
            error if connected => Self::Protocol {
                source: Arc::new(error),
            },
            error => Self::NotMqtt {
                address,
                source: Some(Arc::new(error)),
            },
        }
    }
}

/// Why one publish, subscribe or unsubscribe did not come to its end. The connection may well live on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    /// There is no connection, or it is being closed; nothing was queued.
    #[error("not connected to the broker")]
    NotConnected,
    /// The connection was lost while this waited in the queue: it never left.
    #[error("the connection to the broker was lost before this was sent")]
    NotSent,
    /// The connection was lost after this may have left, before the broker answered: the outcome is unknown.
    #[error("the connection to the broker was lost before it answered")]
    Lost,
    /// The broker refused it, or had said in its CONNACK that it would.
    #[error("the broker refused: {0}")]
    Refused(ReasonCode),
    /// The packet is larger than the broker takes; bytes.
    #[error("the packet has {size} bytes, the broker takes at most {limit}")]
    TooLarge { size: usize, limit: usize },
    /// The request breaks a rule of MQTT; a broker would close the connection over it.
    #[error("{0}")]
    Invalid(&'static str),
}

/// The error of a publish.
pub(crate) type PublishError = RequestError;

#[cfg(test)]
mod tests {
    use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, DisconnectReasonCode};

    use super::*;

    fn from(error: WireError, connected: bool) -> ConnectionError {
        ConnectionError::from_wire(error, "h:1", "me", connected)
    }

    fn disconnect(reason_code: DisconnectReasonCode, text: &str) -> WireError {
        WireError::MqttState(StateError::ServerDisconnect {
            reason_code,
            reason_string: Some(text.to_owned()),
        })
    }

    #[test]
    fn a_refusal_is_told_in_words_with_what_to_do() {
        let error = from(
            WireError::ConnectionRefused(ConnectReturnCode::NotAuthorized),
            false,
        );
        assert_eq!(
            error.to_string(),
            "the broker at h:1 refused the connection: not authorized (0x87); check the user name and the password"
        );
        assert!(error.is_about_configuration());
        let busy = from(
            WireError::ConnectionRefused(ConnectReturnCode::ServerBusy),
            false,
        );
        assert!(!busy.is_about_configuration());
    }

    #[test]
    fn an_io_error_is_unreachable_before_the_connack_and_closed_after_it() {
        let error = || WireError::Io(io::ErrorKind::ConnectionRefused.into());
        let unreachable = from(error(), false);
        assert!(matches!(unreachable, ConnectionError::Unreachable { .. }));
        assert!(matches!(
            from(error(), true),
            ConnectionError::Closed { source: Some(_) }
        ));
    }

    #[test]
    fn a_broker_that_closes_before_its_connack_speaks_something_else() {
        let aborted = || WireError::MqttState(StateError::ConnectionAborted);
        assert!(matches!(
            from(aborted(), false),
            ConnectionError::NotMqtt { .. }
        ));
        assert!(matches!(
            from(aborted(), true),
            ConnectionError::Closed { source: None }
        ));
    }

    #[test]
    fn a_takeover_is_told_apart_and_the_brokers_words_are_escaped() {
        let taken = from(disconnect(DisconnectReasonCode::SessionTakenOver, ""), true);
        assert!(matches!(taken, ConnectionError::TakenOver { client_id } if client_id == "me"));
        let other = from(
            disconnect(DisconnectReasonCode::ServerShuttingDown, "bye\u{1b}[2J"),
            true,
        );
        assert_eq!(
            other.to_string(),
            r#"the broker ended the connection: the broker is shutting down (0x8B), "bye\u{1b}[2J""#
        );
    }
}
