//! How a server ends: in order, with all calls answered and its cards offline, or by surprise.

use std::time::Duration;

use anyhow::Result;
use futures_util::poll;
use mcp_mqtt::client::{CallError, Outcome};
use mcp_mqtt::server::Limits;
use mcp_mqtt::wire::Status;
use mcp_mqtt_tests::within;
use serde_json::json;
use tokio::runtime::Runtime;

use super::{card_says, event, observed, serve, watcher};
use crate::tools::{Seen, tools};
use crate::world::{Broker, Kind, NAMESPACE, on_each_broker};

on_each_broker![
    a_stop_finishes_what_runs,
    a_stop_does_not_wait_for_ever,
    a_stop_while_nobody_calls_puts_every_card_offline,
    a_server_that_vanishes_is_offline_by_its_will,
    a_server_whose_handle_is_dropped_serves_on,
];

async fn a_stop_finishes_what_runs(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (server, seen) = serve(&broker).await?;
    let scout = broker.client("scout").await?;
    let call = tokio::spawn(scout.call("hold", json!({})).into_future());
    Seen::one("a call that is held", &seen.begun).await?;
    let watcher = watcher(&broker).await?;
    let mut stop = Box::pin(server.stop());
    assert!(poll!(&mut stop).is_pending(), "a call is running");
    let stop = tokio::spawn(stop);
    if kind == Kind::Mosquitto {
        // It says when nobody takes calls any more; then a new one is told so, and the old one goes on.
        let refused = loop {
            match scout.call("greet", json!({"name": "Ann"})).await {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(
            matches!(refused, CallError::Unavailable { .. }),
            "{refused}"
        );
    }
    seen.gate.add_permits(1);
    assert_eq!(within("the answer", call).await???, "held");
    within("the end of the server", stop).await???;
    card_says(&watcher, "offline").await
}

async fn a_stop_does_not_wait_for_ever(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (registry, seen, _unblock) = tools()?;
    let limits = Limits::default().drain_timeout(Duration::from_millis(100));
    let server = broker.server(registry)?.limits(limits);
    let server = server.build()?.start().await?;
    let scout = broker.client("scout").await?;
    let call = tokio::spawn(scout.call("hold", json!({})).into_future());
    Seen::one("a call that is held", &seen.begun).await?;
    within("the end of the server", server.stop()).await??;
    match within("the answer", call).await?? {
        Err(CallError::Timeout {
            message, outcome, ..
        }) => {
            assert_eq!(message, "the server stopped before the tool was done");
            assert_eq!(outcome, Outcome::Unknown, "it had begun");
        }
        other => anyhow::bail!("{other:?}"),
    }
    Ok(())
}

async fn a_stop_while_nobody_calls_puts_every_card_offline(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (server, _) = serve(&broker).await?;
    server.stop().await?;
    let raw = broker.raw("analyst").await?;
    raw.subscribe(&format!("{NAMESPACE}/mcp/+/+/card")).await?;
    // The server and its nine tools.
    for _ in 0..10 {
        let card = raw.message().await?;
        assert_eq!(card.json()?["status"], "offline", "{}", card.topic);
    }
    Ok(())
}

async fn a_server_that_vanishes_is_offline_by_its_will(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let server = broker.server(tools()?.0)?.build()?;
    // A runtime of its own, whose end closes the socket as the end of a process does.
    let runtime = Runtime::new()?;
    runtime.spawn(server.start()).await??;
    let scout = broker.client("scout").await?;
    assert_eq!(
        scout.call("greet", json!({"name": "Ann"})).await?,
        "Hello, Ann!"
    );
    let watcher = watcher(&broker).await?;
    card_says(&watcher, "online").await?;
    runtime.shutdown_background();
    card_says(&watcher, "offline").await?;
    // The tools' cards were left online: peers go by the server's.
    for card in scout.tools().await? {
        assert_eq!(card.status, Status::Offline, "{}", card.tool);
    }
    let late = broker.client("scout").await?;
    let call = late.call("greet", json!({"name": "Ann"})).await;
    assert!(
        matches!(call, Err(CallError::Unavailable { .. })),
        "{call:?}"
    );
    Ok(())
}

async fn a_server_whose_handle_is_dropped_serves_on(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (server, mut events) = observed(broker.server(tools()?.0)?);
    drop(server.build()?.start().await?);
    event(&mut events, "ready").await?;
    let scout = broker.client("scout").await?;
    for _ in 0..20 {
        scout.call("greet", json!({"name": "Ann"})).await?;
    }
    assert!(events.try_recv().is_err(), "nothing happened to it");
    Ok(())
}
