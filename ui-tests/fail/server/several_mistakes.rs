//! All mistakes are reported at once, one block each.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "a b", nmaespace = "demo")]
async fn main() -> u8 {
    7
}

// mistakes: 3
