//! A value without a key.

use mcp_mqtt::mcp_server;

#[mcp_server("hello")]
async fn main() {}
