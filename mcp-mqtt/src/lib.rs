//! Write an async fn, get an MCP tool on any MQTT 5 broker, and let the broker itself decide who may call it.

pub mod acl;
#[cfg(feature = "broker")]
pub mod broker;
pub mod grammar;
pub mod wire;
