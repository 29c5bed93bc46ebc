//! A caller listed twice in a group.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", groups(ops = ["alice", "bob", "alice"]))]
async fn main() {}
