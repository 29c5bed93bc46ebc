//! A group where none is defined; its name is no identifier.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", default_callers = ["@field-ops"])]
async fn main() {}
