//! A server without a name.

use mcp_mqtt::mcp_server;

#[mcp_server]
async fn main() {}
