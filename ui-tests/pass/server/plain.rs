//! The shortest server.

#[allow(dead_code)] // compiled and not run: it would serve
mod program {
    use mcp_mqtt::mcp_server;

    #[mcp_server(name = "hello")]
    async fn main() {}
}

fn main() {}
