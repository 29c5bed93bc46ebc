//! A server with thousands of tools is soon there again when its connection was lost.

use std::time::{Duration, Instant};

use anyhow::Result;
use mcp_mqtt::tool::{Registry, Tool, ToolContext, ToolError};
use mcp_mqtt::wire::Status;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{event, observed};
use crate::world::{Broker, Kind, namespace, on_each_broker};

on_each_broker![cards_that_are_still_there_are_not_published_again];

const TOOLS: usize = 10_000;

fn registry(tools: usize) -> Result<Registry> {
    let tools = (0..tools).map(|n| {
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
    let (server, mut events) = observed(broker.server(registry(TOOLS)?)?);
    let server = server.build()?.start().await?;
    let stopped = broker.stop().await?;
    event(&mut events, "lost").await?;
    let back = Instant::now();
    let broker = stopped.start_again().await?;
    let scout = broker.client("scout").await?;
    while scout.call("tool9999", json!({})).await.is_err() {}
    let took = back.elapsed();
    event(&mut events, "ready").await?;
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(scout.tool_card("tool0").await?.status, Status::Online);
    assert_eq!(scout.call("tool0", json!({})).await?, 0);
    Ok(server.stop().await?)
}

async fn cards_that_are_still_there_are_not_published_again(kind: Kind) -> Result<()> {
    let tools = match kind {
        // It looks at every subscription for every message.
        Kind::Embedded => 300,
        // More than a stock Mosquitto keeps in a client's queue.
        _ => 2_500,
    };
    let broker = Broker::open(kind).await?;
    let (port, cut) = fragile(broker.port()).await?;
    let mut options = broker.options("svc")?;
    options.url = format!("mqtt://127.0.0.1:{port}").parse()?;
    let (server, mut events) = observed(broker.server(registry(tools)?)?.broker(options));
    let server = server.build()?.start().await?;
    let before = times(&broker, tools).await?;
    event(&mut events, "ready").await?;
    cut.send_modify(|cuts| *cuts += 1);
    event(&mut events, "lost").await?;
    event(&mut events, "ready").await?;
    assert!(times(&broker, tools).await? == before);
    Ok(server.stop().await?)
}

/// When some of the cards were published.
async fn times(broker: &Broker, tools: usize) -> Result<Vec<String>> {
    let mut times = Vec::new();
    for n in (0..tools).step_by(50) {
        let raw = broker.raw("analyst").await?;
        raw.subscribe(&namespace().tool_card(&format!("tool{n}")))
            .await?;
        times.push(raw.message().await?.json()?["last_seen"].to_string());
    }
    Ok(times)
}

/// A port that leads to the broker until what it carries is cut.
async fn fragile(broker: u16) -> Result<(u16, watch::Sender<u32>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let (cut, cuts) = watch::channel(0);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut cuts = cuts.clone();
            cuts.mark_unchanged();
            tokio::spawn(async move {
                let mut far = TcpStream::connect(("127.0.0.1", broker)).await?;
                tokio::select! {
                    _ = cuts.changed() => {}
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                }
                anyhow::Ok(())
            });
        }
    });
    Ok((port, cut))
}
