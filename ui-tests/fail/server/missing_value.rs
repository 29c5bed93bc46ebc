//! Keys without their values.

use mcp_mqtt::mcp_server;

#[mcp_server(name, namespace)]
async fn main() {}

// mistakes: 2
