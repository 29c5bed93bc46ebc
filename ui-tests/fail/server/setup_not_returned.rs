//! A `main` that takes the setup and does not give it back.

use mcp_mqtt::mcp_server;
use mcp_mqtt::server::Setup;

#[mcp_server(name = "hello")]
async fn main(setup: Setup) {
    let _ = setup;
}
