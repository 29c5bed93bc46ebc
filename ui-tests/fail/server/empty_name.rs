//! A name with nothing in it.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "")]
async fn main() {}
