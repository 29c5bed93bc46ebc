//! A caller that would change what a broker rule means.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", default_callers = ["ops/#", "scout", "scout"])]
async fn main() {}

// mistakes: 2
