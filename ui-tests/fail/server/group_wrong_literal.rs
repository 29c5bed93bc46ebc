//! Members that are no list of strings.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", groups(ops = "alice", readers = [bob]))]
async fn main() {}

// mistakes: 2
