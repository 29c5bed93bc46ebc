//! A `main` that sets something up and may fail.

#[allow(dead_code)] // compiled and not run: it would serve
mod program {
    use mcp_mqtt::mcp_server;
    use mcp_mqtt::server::Setup;

    #[mcp_server(
        name = "hello",
        namespace = "demo/lab",
        version = "2",
        description = "Says hello",
        default_callers = []
    )]
    async fn main(mut setup: Setup) -> anyhow::Result<Setup> {
        setup = std::convert::identity(setup);
        Ok(setup)
    }
}

fn main() {}
