//! `#[tokio::main]` beside ours.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello")]
#[tokio::main]
async fn main() {}
