//! What a call costs: client, embedded broker that enforces a policy, server, and back, over loopback.
//!
//! Run with `cargo bench -p mcp-mqtt --features broker --bench call`. The tool does next to nothing,
//! so this is the price of the way there and back, one call after the other.

use std::error::Error;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mcp_mqtt::ConnectOptions;
use mcp_mqtt::acl::{Policy, Scope};
use mcp_mqtt::broker::Broker;
use mcp_mqtt::client::Client;
use mcp_mqtt::server::{RunningServer, Server};
use mcp_mqtt::tool::{Registry, Tool, ToolContext};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// A server, its broker, and somebody who may call.
struct Place {
    client: Client,
    server: RunningServer,
    broker: Broker,
}

impl Place {
    async fn new() -> Result<Self, Box<dyn Error>> {
        let echo = Tool::builder("echo")
            .allowed_callers(["scout"])
            .input_schema(json!({
                "type": "object",
                "properties": {"text": {"type": "string", "maxLength": 1000}},
                "required": ["text"],
            }))
            .raw_handler(|arguments, _: ToolContext| async move { Ok(Value::Object(arguments)) })
            .build()?;
        let registry = Registry::empty().add(echo)?;
        let mut scope = Scope::new("bench", "bench");
        scope.server_identity = Some("bench".to_owned());
        let policy = Policy::derive(&scope, &registry)?;
        let broker = Broker::builder().policy(policy).start().await?;
        let options = ConnectOptions::new(broker.url().parse()?);
        let server = Server::builder()
            .name("bench")
            .namespace("bench")
            .registry(registry)
            .broker(options.clone())
            .build()?
            .start()
            .await?;
        let client = Client::builder("scout").namespace("bench").broker(options);
        let place = Self {
            client: client.connect().await?,
            server,
            broker,
        };
        // The first call also looks for the tool's card.
        place.call("").await?;
        Ok(place)
    }

    async fn call(&self, text: &str) -> Result<Value, Box<dyn Error>> {
        let call = self.client.call("echo", json!({ "text": text }));
        Ok(call.await?)
    }

    async fn end(self) -> Result<(), Box<dyn Error>> {
        self.client.disconnect().await;
        self.server.stop().await?;
        self.broker.stop().await;
        Ok(())
    }
}

fn sequential(criterion: &mut Criterion) {
    let measured = Runtime::new().map_err(Box::from).and_then(|runtime| {
        let place = runtime.block_on(Place::new())?;
        let text = "x".repeat(100);
        let mut failed = None;
        criterion.bench_function("one call after the other", |bench| {
            bench.iter(|| match runtime.block_on(place.call(&text)) {
                Ok(value) => drop(black_box(value)),
                Err(error) => failed = Some(error),
            });
        });
        runtime.block_on(place.end())?;
        failed.map_or(Ok(()), Err)
    });
    if let Err(error) = measured {
        eprintln!("error: nothing was measured: {error}");
        std::process::exit(1);
    }
}

criterion_group!(benches, sequential);
criterion_main!(benches);
