//! A server to measure: one tool, open to everybody, that returns what it gets.
//!
//! Run with `cargo run --release --example echo -- --broker mqtt://127.0.0.1:1883`, and measure it with
//! `mcp-mqtt bench --tool echo --pid PID --floor`.

use mcp_mqtt::prelude::*;

/// The text that came.
#[mcp_mqtt::json]
struct Echo {
    echo: String,
}

/// Returns the text.
#[tool(read_only)]
async fn echo(
    /// What is to come back.
    text: String,
) -> Echo {
    Echo { echo: text }
}

#[mcp_server(name = "echo")]
async fn main() {}
