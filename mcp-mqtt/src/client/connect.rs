//! From a description of a client to a connected one.

use std::sync::Arc;
use std::time::Duration;

use super::event::{Event, Hooks};
use super::link::Link;
use super::shared::Shared;
use super::stall::Stall;
use super::{Client, Inner, subscriptions};
use crate::grammar::{self, NameFault};
use crate::mqtt::{
    ConnectOptions, Connection, ConnectionError, OptionsError, OptionsFault, UrlError,
};
use crate::wire::{DEFAULT_NAMESPACE, Namespace};

/// Tools whose cards a client watches, beyond those that are in a call.
const MAX_TOOLS: usize = 4096;

/// The longest that a broker is asked to keep a session unless somebody says otherwise.
const MAX_SESSION: Duration = Duration::from_secs(300);

/// Long enough for a network that hiccups or a broker that restarts, and whoever waits in vain knows within 2 s.
const RECONNECT_WAIT: Duration = Duration::from_millis(1500);

/// Describes a client; [`connect`](Self::connect) makes it.
///
/// | | Default |
/// |---|---|
/// | namespace | `a2a/v1` |
/// | timeout of a call | 30 s |
/// | session after a loss | the timeout of a call, at most 5 min |
/// | wait for a lost connection | 1.5 s |
/// | calls are sent again | where running twice does no harm |
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
    session: Option<Duration>,
    grace: Duration,
    retry: bool,
    hooks: Hooks,
}

/// Why a client could not be connected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The description cannot work; nothing was opened. All faults are collected.
    #[error("{}", lines(.faults))]
    Description {
        /// Each fault, at least one.
        faults: Vec<DescriptionFault>,
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

/// One fault of a client's description.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptionFault {
    /// No broker was given.
    #[error(
        "no broker was given; call `.url(\"mqtt://…\")` or `.broker(ConnectOptions::new(url))`"
    )]
    NoBroker,
    /// The URL of the broker is none.
    #[error(transparent)]
    Url(UrlError),
    /// An option of the connection cannot work.
    #[error(transparent)]
    Options(OptionsFault),
    /// No caller can have this name.
    #[error(
        "the caller `{}` {fault}; a caller is named by 1 to 64 of `A-Z a-z 0-9 _ - . @ : =`, neither with `@` at the start nor with `-sub` at the end",
        .caller.escape_default()
    )]
    Caller {
        /// The name.
        caller: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// No namespace can have this name.
    #[error(
        "the namespace `{}` {fault}; a namespace has levels of 1 to 64 of `A-Z a-z 0-9 _ - .`, with `/` between them",
        .namespace.escape_default()
    )]
    Namespace {
        /// The name.
        namespace: String,
        /// What is wrong with it.
        fault: NameFault,
    },
}

fn lines(faults: &[DescriptionFault]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl From<OptionsError> for ConnectError {
    fn from(error: OptionsError) -> Self {
        let faults = error.faults.into_iter().map(DescriptionFault::Options);
        Self::Description {
            faults: faults.collect(),
        }
    }
}

impl ClientBuilder {
    pub(super) fn new(caller: String) -> Self {
        Self {
            caller,
            namespace: DEFAULT_NAMESPACE.to_owned(),
            broker: Ok(None),
            timeout: Duration::from_secs(30),
            max_pending: 10_000,
            session: None,
            grace: RECONNECT_WAIT,
            retry: true,
            hooks: Hooks::default(),
        }
    }

    /// The broker, as `mqtt://`, `mqtts://`, `ws://` or `wss://` URL.
    pub fn url(mut self, url: &str) -> Self {
        self.broker = url.parse().map(|url| Some(ConnectOptions::new(url)));
        self
    }

    /// The broker, with every option of the connection. Where the options have no user name or no
    /// client id, those of the table [above](Self) are used.
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

    /// How long the broker keeps the session when the connection is lost, in whole seconds. Responses that
    /// come meanwhile are delivered when the connection is back, and pending calls go on; so it should
    /// be as long as the longest call. Zero: pending calls end with the connection.
    ///
    /// A [`session_expiry`](ConnectOptions::session_expiry) in [`broker`](Self::broker) counts where this is
    /// not called.
    pub fn session_expiry(mut self, expiry: Duration) -> Self {
        self.session = Some(expiry);
        self
    }

    /// How long calls wait for a lost connection, within their own timeout; zero: they fail at once. One that
    /// [may be sent again](Self::retry) and was sent before waits as long as its timeout.
    pub fn reconnect_wait(mut self, wait: Duration) -> Self {
        self.grace = wait;
        self
    }

    /// Whether a call is sent again, within its timeout, when its tool says that running twice does no
    /// harm (`read_only`, `idempotent`) and the earlier attempt found nobody, was turned away as
    /// `unavailable`, or was lost with the connection or with the server's process. Calls of other tools
    /// are never sent twice. A [call](super::Call::retry) may say otherwise.
    pub fn retry(mut self, yes: bool) -> Self {
        self.retry = yes;
        self
    }

    /// Calls `hook` on each change of the connection, in the task of the connection: it must not block.
    pub fn on_event(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.hooks.add(hook);
        self
    }

    /// Connects, and subscribes to the caller's inbox.
    ///
    /// # Errors
    ///
    /// A [`ConnectError`] with every fault of the description, and at the *first* failure to connect:
    /// it does not retry. Once connected, a client reconnects by itself.
    pub async fn connect(self) -> Result<Client, ConnectError> {
        let (namespace, options) = self.check()?;
        let limit = options.connect_timeout;
        let max_tools = self.max_pending.saturating_add(MAX_TOOLS);
        let shared = Arc::new(Shared::new(
            namespace,
            self.caller,
            self.max_pending,
            max_tools,
            !options.session_expiry.is_zero(),
            self.hooks,
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
        })?;
        // From here on, an early return closes the connection.
        let client = Client {
            inner: Arc::new(Inner {
                shared,
                connection,
                timeout: self.timeout,
                max_pending: self.max_pending,
                grace: self.grace,
                retry: self.retry,
                stall: Stall::default(),
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
            Ok(Ok(Link::Down(error) | Link::Ended(error))) => {
                return Err(ConnectError::Connection(error));
            }
            _ => return Err(ConnectError::Connection(ConnectionError::NoAnswer)),
        }
        Ok(client)
    }

    /// In whole seconds, of which one that has begun counts.
    fn session_of(&self, options: &ConnectOptions) -> Duration {
        let wanted = match self.session {
            Some(expiry) => expiry,
            None if !options.session_expiry.is_zero() => options.session_expiry,
            None => self.timeout.min(MAX_SESSION),
        };
        Duration::from_secs(
            wanted
                .as_secs()
                .saturating_add(u64::from(wanted.subsec_nanos() > 0)),
        )
    }

    /// What the connection is opened with, if nothing is wrong with the description.
    fn check(&self) -> Result<(Namespace, ConnectOptions), ConnectError> {
        use DescriptionFault as Fault;
        let mut faults = Vec::new();
        if let Err(fault) = grammar::caller(&self.caller) {
            let caller = self.caller.clone();
            faults.push(Fault::Caller { caller, fault });
        }
        let namespace = self.namespace.clone();
        let namespace = Namespace::new(&namespace)
            .map_err(|fault| faults.push(Fault::Namespace { namespace, fault }))
            .ok();
        let options = match &self.broker {
            Ok(Some(options)) => {
                let mut options = options.clone().named(&self.caller);
                options.session_expiry = self.session_of(&options);
                if let Err(error) = options.check() {
                    faults.extend(error.faults.into_iter().map(Fault::Options));
                }
                Some(options)
            }
            Ok(None) => {
                faults.push(Fault::NoBroker);
                None
            }
            Err(fault) => {
                faults.push(Fault::Url(fault.clone()));
                None
            }
        };
        match (namespace, options) {
            (Some(namespace), Some(options)) if faults.is_empty() => Ok((namespace, options)),
            _ => Err(ConnectError::Description { faults }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn faults(builder: ClientBuilder) -> Vec<DescriptionFault> {
        match builder.connect().await {
            Err(ConnectError::Description { faults }) => faults,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn every_fault_of_a_description_is_told_before_anything_is_opened() {
        let mut options = ConnectOptions::new("mqtt://localhost".parse().unwrap());
        options.receive_maximum = 0;
        options.client_id = Some(String::new());
        let builder = Client::builder("a b").namespace("a//b").broker(options);
        let text = builder.connect().await.unwrap_err().to_string();
        expect_test::expect![[r#"
            the caller `a b` contains a space; a caller is named by 1 to 64 of `A-Z a-z 0-9 _ - . @ : =`, neither with `@` at the start nor with `-sub` at the end
            the namespace `a//b` has an empty level; a namespace has levels of 1 to 64 of `A-Z a-z 0-9 _ - .`, with `/` between them
            the client id must have 1 to 128 bytes and no control characters
            the receive maximum must be at least 1"#]]
        .assert_eq(&text);
    }

    #[tokio::test]
    async fn a_client_needs_a_broker() {
        assert!(matches!(
            faults(Client::builder("a")).await[..],
            [DescriptionFault::NoBroker]
        ));
        assert!(matches!(
            faults(Client::builder("a").url("localhost")).await[..],
            [DescriptionFault::Url(_)]
        ));
    }
}
