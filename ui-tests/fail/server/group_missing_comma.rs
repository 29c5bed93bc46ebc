//! No comma behind the groups.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", groups(ops = ["alice"]) version = "2")]
async fn main() {}
