//! A parameter that is no `Setup`.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello")]
async fn main(_port: u16) -> mcp_mqtt::server::Setup {
    std::process::exit(1)
}
