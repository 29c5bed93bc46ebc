//! A result that `main` cannot have.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello")]
async fn main() -> u8 {
    7
}
