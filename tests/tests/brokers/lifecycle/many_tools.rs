//! A server with ten thousand tools is soon there again when its connection was lost.

use std::time::{Duration, Instant};

use anyhow::Result;
use mcp_mqtt::tool::{Registry, Tool, ToolContext, ToolError};
use mcp_mqtt::wire::Status;
use serde_json::json;

use super::{event, observed};
use crate::world::{Broker, Kind};

const TOOLS: usize = 10_000;

fn registry() -> Result<Registry> {
    let tools = (0..TOOLS).map(|n| {
        Tool::builder(format!("tool{n}"))
            .allowed_callers(["scout"])
            .input_schema(json!({"type": "object"}))
            .raw_handler(move |_, _: ToolContext| async move { Ok::<_, ToolError>(json!(n)) })
            .build()
    });
    let mut registry = Registry::empty();
    for tool in tools {
        registry = registry.add(tool?)?;
    }
    Ok(registry)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_tools_are_served_three_seconds_after_the_broker_is_back() -> Result<()> {
    let broker = Broker::open(Kind::Mosquitto).await?;
    let (server, mut events) = observed(broker.server(registry()?)?);
    let started = Instant::now();
    let server = server.build()?.start().await?;
    println!("first start: {:?}", started.elapsed());
    let stopped = broker.stop().await?;
    event(&mut events, "lost").await?;
    let back = Instant::now();
    let broker = stopped.start_again().await?;
    let scout = broker.client("scout").await?;
    while scout.call("tool9999", json!({})).await.is_err() {}
    let took = back.elapsed();
    println!("serving again: {took:?}");
    event(&mut events, "ready").await?;
    println!("ready again: {:?}", back.elapsed());
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(scout.tool_card("tool0").await?.status, Status::Online);
    assert_eq!(scout.call("tool0", json!({})).await?, 0);
    Ok(server.stop().await?)
}
