//! A group of nobody.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", groups(ops = []), default_callers = ["@ops"])]
async fn main() {}
