//! A server without macros: tools from closures, for libraries and for tools that are known at run
//! time only.
//!
//! Run with `MQTT_URL=mqtt://… cargo run --example by_hand`, or without a broker: it brings its own.

use std::error::Error;
use std::process::ExitCode;

use mcp_mqtt::BrokerUrl;
use mcp_mqtt::acl::{Policy, Scope};
use mcp_mqtt::broker::Broker;
use mcp_mqtt::prelude::*;
use mcp_mqtt::server::{Event, Server};
use mcp_mqtt::tool::{Registry, Tool};

/// What `add` takes.
#[mcp_mqtt::json]
struct Add {
    /// The first number.
    a: i64,
    /// The second number.
    b: i64,
}

fn registry() -> Result<Registry, Box<dyn Error>> {
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
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let registry = registry()?;
    let mut scope = Scope::new("demo", "calculator");
    scope.server_identity = Some("calculator".to_owned());
    let policy = Policy::derive(&scope, &registry)?;

    // A broker of one's own, unless one is given; it enforces the policy derived above.
    let given = std::env::var("MQTT_URL").ok().filter(|url| !url.is_empty());
    let (broker, url) = match given {
        Some(url) => (None, url),
        None => {
            let broker = Broker::builder().policy(policy).start().await?;
            let url = broker.url();
            (Some(broker), url)
        }
    };
    let url: BrokerUrl = url.parse()?;
    println!("connecting to {url}");
    let serving = Server::builder()
        .name("calculator")
        .namespace("demo")
        .registry(registry)
        .broker(ConnectOptions::new(url))
        .on_event(|event| {
            if let Event::Lost { error, .. } = event {
                eprintln!("no connection: {error}");
            }
        })
        .build()?
        .start();
    // While the broker is away, starting goes on.
    let mut running = tokio::select! {
        started = serving => started?,
        _ = tokio::signal::ctrl_c() => return Ok(()),
    };
    println!("serving `add`; Ctrl-C stops it");
    tokio::select! {
        ended = running.ended() => ended?,
        _ = tokio::signal::ctrl_c() => running.stop().await?,
    }
    if let Some(broker) = broker {
        broker.stop().await;
    }
    Ok(())
}
