//! A name that a topic cannot hold.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello/+")]
async fn main() {}
