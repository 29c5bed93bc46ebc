//! Write an async fn, get an MCP tool on any MQTT 5 broker, and let the broker itself decide who may call it.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod acl;
#[cfg(feature = "broker")]
pub mod broker;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod client;
mod entry;
mod error;
pub mod grammar;
#[cfg(feature = "macros")]
mod macros;
mod mqtt;
pub mod prelude;
mod random;
pub mod server;
pub mod tool;
pub mod wire;

#[cfg(feature = "macros")]
pub use macros::{json, mcp_server, tool};
pub use mqtt::{
    BrokerUrl, ConnectOptions, ConnectionError, OptionsError, OptionsFault, Secret, UrlError,
};
