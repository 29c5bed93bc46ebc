//! The client: calls tools on a broker, finds them, and says what went wrong when a call fails.
//!
//! Knows nothing of command lines. The decisions live in state objects that need no broker (`route`, `retry`,
//! `fate`, `directory`, `instances`, `pending`, `mailbox`); `shared` feeds them with events, `attempt` acts for one
//! call.

mod attempt;
mod call;
mod cards;
mod collector;
mod connect;
mod directory;
mod discovery;
mod ending;
mod error;
mod event;
mod fate;
mod guard;
mod instances;
mod link;
mod mailbox;
mod observe;
mod outgoing;
mod pending;
mod response;
mod retry;
mod route;
mod shared;
mod stall;
mod stream;
mod subscriptions;
#[cfg(test)]
mod tests;

pub use call::Call;
pub use connect::{ClientBuilder, ConnectError, DescriptionFault};
pub use discovery::DiscoveryError;
pub use error::{CallError, Outcome, Refusal};
pub use event::Event;
pub use stream::CallStream;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::mqtt::{Connection, ConnectionError};
use crate::wire::Namespace;
use shared::Shared;

/// A connection to a broker that calls tools in the name of one caller.
///
/// Cheap to clone; every clone is a handle of the same connection, which closes when the last handle
/// is dropped or at [`disconnect`](Self::disconnect). A lost connection comes back by itself. Calls that
/// were pending wait for it: the broker keeps their responses for as long as the
/// [session](ClientBuilder::session_expiry) lives. If the session is gone when the connection is back, they fail
/// with [`CallError::Connection`], or are [sent again](ClientBuilder::retry) where that does no harm. Calls
/// that were not sent yet wait [a while](ClientBuilder::reconnect_wait), whatever the tool.
///
/// The one end that comes from outside is another client with the same client id, if that id was set
/// by [`ConnectOptions::client_id`](crate::ConnectOptions::client_id): the connection stays lost then,
/// with [`ConnectionError::TakenOver`]. Under the default id it
/// comes back with another one.
///
/// ```no_run
/// # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
/// use mcp_mqtt::client::Client;
/// use serde_json::json;
///
/// let client = Client::builder("scout")
///     .url("mqtt://localhost:1883")
///     .namespace("demo")
///     .connect()
///     .await?;
/// let greeting = client.call("greet", json!({"name": "Ann"})).await?;
/// println!("{greeting}");
/// client.disconnect().await;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    connection: Connection,
    timeout: Duration,
    max_pending: usize,
    grace: Duration,
    retry: bool,
    stall: stall::Stall,
    /// One discovery at a time: they share their wildcard subscriptions.
    discovery: tokio::sync::Mutex<()>,
}

impl Client {
    /// Starts to describe a client that calls as `caller`, the identity that policies name.
    ///
    /// Unless the broker's URL or options carry a user name, the caller is the user name.
    pub fn builder(caller: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(caller.into())
    }

    /// Connects to the broker at `url` as `caller`, with the defaults of [`ClientBuilder`].
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::connect`].
    pub async fn connect(url: &str, caller: impl Into<String>) -> Result<Self, ConnectError> {
        Self::builder(caller).url(url).connect().await
    }

    /// Calls `tool` with `arguments`, which must serialise to a JSON object, and returns its result.
    ///
    /// Nothing is sent before the returned [`Call`] is awaited. Dropping it while it waits, or its timeout,
    /// cancels the call: a server that announces itself by a card is told, and stops the tool.
    ///
    /// # Errors
    ///
    /// Awaiting it gives a [`CallError`]. Refusals and unserved tools are known within milliseconds:
    /// from the broker's reason code, the tool's card, or 250 ms without card and response. A tool
    /// whose card this caller may not read *and* that the broker cannot tell to be unserved has
    /// these 250 ms to answer.
    ///
    /// ```no_run
    /// # async fn demo(client: mcp_mqtt::client::Client) {
    /// use mcp_mqtt::client::{CallError, Outcome};
    /// use std::time::Duration;
    ///
    /// let call = client.call("count_to", serde_json::json!({"n": 3}));
    /// match call.timeout(Duration::from_secs(5)).await {
    ///     Ok(value) => println!("{value}"),
    ///     Err(CallError::InvalidArguments { faults, .. }) => {
    ///         for fault in faults {
    ///             eprintln!("{}: {}", fault.pointer, fault.message);
    ///         }
    ///     }
    ///     Err(error) if error.outcome() == Outcome::NotRun => eprintln!("safe to repeat: {error}"),
    ///     Err(error) => eprintln!("{error}"),
    /// }
    /// # }
    /// ```
    pub fn call(&self, tool: impl Into<String>, arguments: impl Serialize) -> Call {
        Call::new(self.clone(), tool.into(), arguments, Ok)
    }

    /// Calls `tool` as [`call`](Self::call) does and reads the result as a `T`.
    ///
    /// # Errors
    ///
    /// Awaiting it gives a [`CallError`]; [`CallError::BadResult`] if the result is no `T`.
    ///
    /// ```no_run
    /// # async fn demo(client: mcp_mqtt::client::Client) -> Result<(), mcp_mqtt::client::CallError> {
    /// let sum: u32 = client.call_as("add", serde_json::json!({"a": 1, "b": 2})).await?;
    /// # Ok(()) }
    /// ```
    pub fn call_as<T: DeserializeOwned>(
        &self,
        tool: impl Into<String>,
        arguments: impl Serialize,
    ) -> Call<T> {
        Call::new(self.clone(), tool.into(), arguments, serde_json::from_value)
    }

    /// Calls `tool` and reports its partial results before the result, as
    /// [`Call::streamed`] does.
    pub fn call_streamed(&self, tool: impl Into<String>, arguments: impl Serialize) -> CallStream {
        self.call(tool, arguments).streamed()
    }

    /// The identity that this client calls as.
    #[must_use]
    pub fn caller(&self) -> &str {
        &self.inner.shared.caller
    }

    /// The namespace that this client calls in.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.inner.shared.namespace
    }

    /// Whether calls can be made right now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.inner.shared.is_ready()
    }

    /// How many messages were ignored: on the own inbox without the correlation data of a pending
    /// call, on other topics that nothing is expected on, and cards that are none or too many. Each is
    /// logged at debug level.
    #[must_use]
    pub fn ignored(&self) -> u64 {
        self.inner.shared.ignored()
    }

    /// Closes the connection, for every clone of this handle. Pending calls fail with
    /// [`CallError::Connection`].
    pub async fn disconnect(&self) {
        self.inner.close();
        self.inner.connection.disconnect().await;
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("caller", &self.caller())
            .field("namespace", &self.namespace().as_str())
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn close(&self) {
        if self.shared.session {
            // The session outlives the connection, and should keep no messages for nobody.
            let inbox = vec![self.shared.inbox.clone()];
            drop(self.connection.unsubscribe(inbox));
        }
        self.shared.lost(ConnectionError::Stopped, true);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let connection = self.connection.clone();
                runtime.spawn(async move { connection.disconnect().await });
            }
            Err(_) => self.connection.abort(),
        }
    }
}
