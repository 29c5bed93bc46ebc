//! More parameters than one.

use mcp_mqtt::mcp_server;
use mcp_mqtt::server::Setup;

#[mcp_server(name = "hello")]
async fn main(setup: Setup, port: u16) -> Setup {
    setup
}
