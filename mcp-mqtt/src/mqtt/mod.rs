//! The connection to the broker: the only module that names `rumqttc`.
//!
//! | File | Holds |
//! |---|---|
//! | `url`, `secret`, `options`, `connections` | what a user configures |
//! | `prepare`, `tls` | its translation for rumqttc and rustls |
//! | `packet`, `names`, `reason`, `limits` | what travels, and what may |
//! | `convert`, `request` | to rumqttc's packets and back |
//! | `ledger`, `backoff` | which answer belongs to which request; when to try again (no I/O) |
//! | `state`, `shared`, `half`, `driver`, `connection` | the state, its lock, one polled connection, the task for one or two, the handle |
//! | `stall` | whether the broker holds small packets back (no I/O) |
//! | `floor` | bare requests and responses, to compare with |
//! | `error` | why there is no connection; why a request failed |
//!
//! Knows nothing of tools and MCP; the syntax of topics is that of [`filter`](crate::wire::filter).

mod backoff;
mod connection;
mod connections;
mod convert;
mod driver;
mod error;
#[cfg(feature = "cli")]
pub(crate) mod floor;
mod half;
mod ledger;
mod limits;
mod names;
mod options;
mod packet;
mod prepare;
mod reason;
mod request;
mod secret;
mod shared;
pub(crate) mod stall;
mod state;
#[cfg(feature = "tls")]
mod tls;
mod url;

pub use connections::Connections;
pub use error::ConnectionError;
pub(crate) use options::RECEIVE_MAXIMUM;
pub use options::{ConnectOptions, OptionsError, OptionsFault};
pub use secret::Secret;
pub use url::{BrokerUrl, UrlError};

#[allow(unused_imports, reason = "the server and the client use them")]
pub(crate) use self::{
    connection::{Connection, Event, WeakConnection},
    error::{PublishError, RequestError},
    ledger::Grants,
    limits::Limits,
    packet::{Message, Properties, Publish, Published, Qos, RetainHandling, Subscription, Will},
    reason::ReasonCode,
};

#[cfg(test)]
pub(crate) mod tests;
