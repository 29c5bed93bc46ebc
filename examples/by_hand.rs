//! A server without macros: tools from closures, for libraries and for tools that are known at run
//! time only.
//!
//! Run with `MQTT_URL=mqtt://… cargo run --example by_hand`, or without a broker: it brings its own.

use mcp_mqtt::acl::{Policy, Scope};
use mcp_mqtt::broker::Broker;
use mcp_mqtt::prelude::*;
use mcp_mqtt::server::Server;
use mcp_mqtt::tool::{Registry, Tool};

/// What `add` takes.
#[mcp_mqtt::json]
struct Add {
    /// The first number.
    a: i64,
    /// The second number.
    b: i64,
}

fn registry() -> Result<Registry, Box<dyn std::error::Error>> {
    let add = Tool::builder("add")
        .description("Adds two numbers.")
        .allowed_callers(["scout"])
        .handler(|Add { a, b }: Add, _ctx: ToolContext| async move {
            a.checked_add(b).ok_or("the sum is too large")
        })
        .build()?;
    Ok(Registry::empty().add(add)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = registry()?;
    let mut scope = Scope::new("demo", "calculator");
    scope.server_identity = Some("calculator".to_owned());
    let policy = Policy::derive(&scope, &registry)?;

    // A broker of one's own, unless one is given; it enforces the policy derived above.
    let broker = match std::env::var("MQTT_URL") {
        Ok(_) => None,
        Err(_) => Some(Broker::builder().policy(policy).start().await?),
    };
    let url = match &broker {
        Some(broker) => broker.url(),
        None => std::env::var("MQTT_URL")?,
    };
    let server = Server::builder()
        .name("calculator")
        .namespace("demo")
        .registry(registry)
        .broker(ConnectOptions::new(url.parse()?))
        .build()?;
    let mut running = server.start().await?;
    println!("serving `add` on {url}; Ctrl-C stops it");
    tokio::select! {
        ended = running.ended() => ended?,
        _ = tokio::signal::ctrl_c() => running.stop().await?,
    }
    Ok(())
}
