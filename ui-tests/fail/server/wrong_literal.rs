//! Values of the wrong kind.

use mcp_mqtt::mcp_server;

#[mcp_server(name = hello, version = 1, default_callers = "scout")]
async fn main() {}

// mistakes: 3
