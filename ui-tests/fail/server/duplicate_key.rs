//! A key given twice.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", name = "world")]
async fn main() {}
