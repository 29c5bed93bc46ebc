//! A function of another name.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello")]
async fn serve() {}
