//! A key that is almost `groups`, and so defines any group.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", group(ops = ["alice"]), default_callers = ["@ops"])]
async fn main() {}
