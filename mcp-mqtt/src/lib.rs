//! Write an async fn, get an MCP tool on any MQTT 5 broker, and let the broker itself decide who may call it.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod acl;
#[cfg(feature = "broker")]
pub mod broker;
mod entry;
pub mod grammar;
mod mqtt;
pub mod server;
pub mod tool;
pub mod wire;
