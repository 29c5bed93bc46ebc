//! A `main` that is not `async`.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello")]
fn main() {}
