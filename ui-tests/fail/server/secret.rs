//! Secrets that would be compiled in, and what belongs to the environment.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", password = "hunter2", token = "x", broker = "mqtt://x")]
async fn main() {}

// mistakes: 3
