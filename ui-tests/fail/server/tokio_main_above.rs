//! `#[tokio::main]` above ours has taken `async` away.

use mcp_mqtt::mcp_server;

#[tokio::main]
#[mcp_server(name = "hello")]
async fn main() {}
