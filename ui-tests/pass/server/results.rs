//! All that `main` may return.

#[allow(dead_code)] // compiled and not run: it would serve
mod program {
    mod text {
        #[mcp_mqtt::mcp_server(name = "hello")]
        async fn main() -> Result<(), String> {
            Err("no".to_owned())
        }
    }

    mod trait_object {
        #[mcp_mqtt::mcp_server(name = "hello")]
        async fn main() -> Result<(), Box<dyn std::error::Error>> {
            Ok(std::fs::read("motd").map(drop)?)
        }
    }

    mod setup_alone {
        use mcp_mqtt::server::Setup;

        #[mcp_mqtt::mcp_server(name = "hello")]
        async fn main(setup: Setup) -> Setup {
            setup
        }
    }

    mod not_send {
        /// The body runs on the thread that starts the server.
        #[mcp_mqtt::mcp_server(name = "hello")]
        async fn main() {
            let shared = std::rc::Rc::new(1);
            std::future::ready(()).await;
            drop(shared);
        }
    }
}

fn main() {}
