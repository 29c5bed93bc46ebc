//! A tool cannot be the server.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello")]
#[mcp_mqtt::tool]
async fn main() {}
