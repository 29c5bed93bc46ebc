//! A namespace with an empty level.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", namespace = "/demo")]
async fn main() {}
