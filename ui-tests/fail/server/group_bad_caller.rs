//! Callers that would change what a broker rule means, and one without a name.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", groups(ops = ["a/b", "", "scout-sub"]))]
async fn main() {}

// mistakes: 3
