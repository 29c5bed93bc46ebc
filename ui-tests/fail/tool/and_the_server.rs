//! A function cannot be a tool and the server.

use mcp_mqtt::tool;

/// Reads.
#[tool]
#[mcp_mqtt::mcp_server(name = "read")]
async fn read() {}

fn main() {}
