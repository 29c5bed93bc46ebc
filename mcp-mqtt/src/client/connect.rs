//! From a description of a client to a connected one.

use std::sync::Arc;
use std::time::Duration;

use super::link::Link;
use super::shared::Shared;
use super::{Client, Inner, subscriptions};
use crate::grammar::{self, NameFault};
use crate::mqtt::{ConnectOptions, Connection, ConnectionError, OptionsError, UrlError};
use crate::wire::{DEFAULT_NAMESPACE, Namespace};

/// Tools whose cards a client watches, beyond those that are in a call.
const MAX_TOOLS: usize = 4096;

/// Describes a client; [`connect`](Self::connect) makes it.
///
/// | | Default |
/// |---|---|
/// | namespace | `a2a/v1` |
/// | timeout of a call | 30 s |
/// | pending calls | 10 000 |
/// | user name | that of the URL or options, else the caller |
/// | client id | `{caller}-` and 12 random hexadecimal digits |
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientBuilder {
    caller: String,
    namespace: String,
    broker: Result<Option<ConnectOptions>, UrlError>,
    timeout: Duration,
    max_pending: usize,
}

/// Why a client could not be connected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No broker was given.
    #[error("no broker was given: set `url` or `broker`")]
    NoBroker,
    /// The URL of the broker is none.
    #[error("the URL of the broker is not valid")]
    Url(#[source] UrlError),
    /// The options of the connection are not valid.
    #[error("the options of the connection are not valid")]
    Options(#[source] OptionsError),
    /// No caller can have this name.
    #[error("the caller `{}` {fault}", .caller.escape_default())]
    Caller {
        /// The name.
        caller: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// No namespace can have this name.
    #[error("the namespace `{}` {fault}", .namespace.escape_default())]
    Namespace {
        /// The name.
        namespace: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// The broker cannot be reached or refused the connection.
    #[error("no connection to the broker")]
    Connection(#[source] ConnectionError),
    /// The broker let the client in but refused its inbox, without which nothing can be answered.
    #[error("the broker refused `{caller}` its inbox ({reason}): grant it subscribe on `{topic}`")]
    Inbox {
        /// Who was refused.
        caller: String,
        /// The topic that the grant must name.
        topic: String,
        /// The reason code of the SUBACK in words.
        reason: String,
    },
}

impl ClientBuilder {
    pub(super) fn new(caller: String) -> Self {
        Self {
            caller,
            namespace: DEFAULT_NAMESPACE.to_owned(),
            broker: Ok(None),
            timeout: Duration::from_secs(30),
            max_pending: 10_000,
        }
    }

    /// The broker, as `mqtt://`, `mqtts://`, `ws://` or `wss://` URL.
    pub fn url(mut self, url: &str) -> Self {
        self.broker = url.parse().map(|url| Some(ConnectOptions::new(url)));
        self
    }

    /// The broker, with every option of the connection. A client id that
    /// [`ConnectOptions::new`] made up is replaced by the default of this builder.
    pub fn broker(mut self, options: ConnectOptions) -> Self {
        self.broker = Ok(Some(options));
        self
    }

    /// The prefix of every topic.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// How long a call waits unless it [says otherwise](super::Call::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many calls may be pending at once; more fail with
    /// [`CallError::TooManyPending`](super::CallError::TooManyPending).
    pub fn max_pending(mut self, calls: usize) -> Self {
        self.max_pending = calls;
        self
    }

    /// Connects, and subscribes to the caller's inbox.
    ///
    /// # Errors
    ///
    /// A [`ConnectError`] if the description is not valid, and at the *first* failure to connect: it
    /// does not retry. Once connected, a client reconnects by itself.
    pub async fn connect(self) -> Result<Client, ConnectError> {
        grammar::caller(&self.caller).map_err(|fault| ConnectError::Caller {
            caller: self.caller.clone(),
            fault,
        })?;
        let namespace =
            Namespace::new(&self.namespace).map_err(|fault| ConnectError::Namespace {
                namespace: self.namespace.clone(),
                fault,
            })?;
        let options = self
            .broker
            .map_err(ConnectError::Url)?
            .ok_or(ConnectError::NoBroker)?;
        let options = options.named(&self.caller);
        let limit = options.connect_timeout;
        let max_tools = self.max_pending.saturating_add(MAX_TOOLS);
        let shared = Arc::new(Shared::new(
            namespace,
            self.caller,
            self.max_pending,
            max_tools,
        ));
        let mut link = shared.link();
        let connection = Connection::open_with(options, None, {
            let shared = shared.clone();
            move |connection| {
                move |event| {
                    if shared.event(event)
                        && let Some(connection) = connection.upgrade()
                    {
                        subscriptions::request(&shared, &connection);
                    }
                }
            }
        })
        .map_err(ConnectError::Options)?;
        // From here on, an early return closes the connection.
        let client = Client {
            inner: Arc::new(Inner {
                shared,
                connection,
                timeout: self.timeout,
                max_pending: self.max_pending,
                discovery: tokio::sync::Mutex::new(()),
            }),
        };
        let shared = &client.inner.shared;
        // The connection bounds the wait for the CONNACK itself; the SUBACK gets as long.
        let settled = link.wait_for(|link| !matches!(link, Link::Connecting | Link::Subscribing));
        match tokio::time::timeout(limit.saturating_mul(2), settled)
            .await
            .map(|link| link.map(|l| l.clone()))
        {
            Ok(Ok(Link::Ready)) => {}
            Ok(Ok(Link::NoInbox(reason))) => {
                return Err(ConnectError::Inbox {
                    caller: shared.caller.clone(),
                    topic: shared.inbox.clone(),
                    reason: reason.to_string(),
                });
            }
            Ok(Ok(Link::Down(error))) => return Err(ConnectError::Connection(error)),
            _ => return Err(ConnectError::Connection(ConnectionError::NoAnswer)),
        }
        Ok(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bad_descriptions_fail_before_anything_is_opened() {
        let connect = |builder: ClientBuilder| builder.connect();
        let url = "mqtt://localhost";
        assert!(matches!(
            connect(Client::builder("a b").url(url)).await,
            Err(ConnectError::Caller { .. })
        ));
        assert!(matches!(
            connect(Client::builder("a").url(url).namespace("a//b")).await,
            Err(ConnectError::Namespace { .. })
        ));
        assert!(matches!(
            connect(Client::builder("a").url("localhost")).await,
            Err(ConnectError::Url(_))
        ));
        assert!(matches!(
            connect(Client::builder("a")).await,
            Err(ConnectError::NoBroker)
        ));
    }
}
