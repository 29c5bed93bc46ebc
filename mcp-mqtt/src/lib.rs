//! Write an async fn, get an MCP tool on any MQTT 5 broker, and let the broker itself decide who may call it.
//!
//! ```no_run
//! use mcp_mqtt::prelude::*;
//!
//! /// Greets a person by name.
//! #[tool(allowed_callers = ["scout", "analyst"], read_only)]
//! async fn greet(
//!     /// Whom to greet.
//!     name: String,
//! ) -> String {
//!     format!("Hello, {name}!")
//! }
//!
//! #[mcp_server(name = "hello", namespace = "demo")]
//! async fn main() {}
//! ```
//!
//! That is a whole program. It serves `greet` on a broker and announces it by a retained card; `scout`
//! and `analyst` may call it; and its command `acl` prints the rules by which the broker refuses everybody
//! else, because each tool is called on a topic of its own. The wire format is that of the published draft
//! "MCP over MQTT" 0.1.
//!
//! To call it from another program:
//!
//! ```no_run
//! use mcp_mqtt::client::{CallError, Client};
//! use mcp_mqtt::prelude::*;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("scout")
//!     .url("mqtt://127.0.0.1:1883")
//!     .namespace("demo")
//!     .connect()
//!     .await?;
//! match client.call("greet", json!({ "name": "Ann" })).await {
//!     Ok(greeting) => println!("{greeting}"),
//!     Err(CallError::Unauthorized { refusal, .. }) => println!("not allowed: {refusal:?}"),
//!     Err(error) => println!("{error}; did it run? {:?}", error.outcome()),
//! }
//! client.disconnect().await;
//! # Ok(()) }
//! ```
//!
//! # Where to look
//!
//! | To | See |
//! |---|---|
//! | make a function a tool, a `main` a server, a type JSON | `#[tool]`, `#[mcp_server]`, `#[mcp_mqtt::json]` (feature `macros`) |
//! | import what a file with tools needs | [`prelude`] |
//! | know the call, share state, return errors; make tools without macros | [`tool`](mod@tool) |
//! | run a server by hand, set limits and hooks | [`server`] |
//! | call tools, find them, match on what went wrong | [`client`] |
//! | derive, ask and export policies | [`acl`] |
//! | run a broker in this process that enforces one | `broker` (feature `broker`) |
//! | say where the broker is, and log in | [`ConnectOptions`], [`BrokerUrl`] |
//! | build or parse topics, cards and payloads | [`wire`] |
//! | check a name | [`grammar`] |
//!
//! Every type of the interface is this crate's own, or one of `serde_json`, `schemars` and the traits of
//! `serde` and `futures`; logs are events of `tracing`. The code runs on tokio.
//!
//! # Features
//!
//! | Feature | Default | Gives |
//! |---|---|---|
//! | `macros` | yes | the attributes `#[tool]`, `#[mcp_server]` and `#[json]` |
//! | `cli` | yes | the commands `serve`, `acl`, `tools` and `call` in every `#[mcp_server]` program, and the program `mcp-mqtt`; without it `#[mcp_server]` only serves, configured by `MQTT_URL`, `MQTT_USERNAME` and `MQTT_PASSWORD` |
//! | `tls` | yes | `mqtts://`, by rustls with ring |
//! | `ws` | no | `ws://`, and with `tls` also `wss://` |
//! | `broker` | no | the embedded broker: for development and tests, in memory |
//! | `metrics` | no | counters and latencies through the facade `metrics`; with `cli` also `serve --metrics ADDR`, which shows them to Prometheus |
//! | `full` | no | all of the above |
//!
//! Without any feature there are servers and clients by hand on `mqtt://`.

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
mod measure;
mod meter;
mod mqtt;
pub mod prelude;
mod random;
pub mod server;
pub mod tool;
pub mod wire;

pub use error::UnknownWord;
#[cfg(feature = "macros")]
pub use macros::{json, mcp_server, tool};
pub use mqtt::{
    BrokerUrl, ConnectOptions, ConnectionError, Connections, OptionsError, OptionsFault, Secret,
    UrlError,
};
