//! A group given twice.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", groups(ops = ["alice"], ops = ["bob"]))]
async fn main() {}
