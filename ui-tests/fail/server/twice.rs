//! `#[mcp_server]` twice on one function.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello")]
#[mcp_server(name = "world")]
async fn main() {}
