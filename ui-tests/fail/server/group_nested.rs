//! A group in a group.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", groups(ops = ["alice"], readers = ["carol", "@ops"]))]
async fn main() {}
