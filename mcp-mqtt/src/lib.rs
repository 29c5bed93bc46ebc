//! Write an async fn, get an MCP tool on any MQTT 5 broker, and let the broker itself decide who may call it.

pub mod acl;
pub mod grammar;
pub mod tool;
pub mod wire;
