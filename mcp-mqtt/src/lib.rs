//! Write an async fn, get an MCP tool on any MQTT 5 broker, and let the broker itself decide who may call it.

pub mod acl;
pub mod client;
pub mod grammar;
#[allow(dead_code, reason = "the server and the client use it")]
mod mqtt;
pub use mqtt::{
    BrokerUrl, ConnectOptions, ConnectionError, OptionsError, OptionsFault, Secret, UrlError,
};
pub mod tool;
pub mod wire;
