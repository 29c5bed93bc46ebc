//! `#[mcp_server]` on something that is no function.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello")]
struct Main;
