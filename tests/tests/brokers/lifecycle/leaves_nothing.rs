//! However a server ends, nothing of it goes on: no tool, no connection that nobody can stop.

use std::time::Duration;

use anyhow::Result;
use mcp_mqtt::client::Client;
use mcp_mqtt_tests::within;
use serde_json::json;

use super::{event, observed};
use crate::tools::tools;
use crate::world::{Broker, Kind, NAMESPACE, on_each_broker};

on_each_broker![
    a_start_that_is_given_up_stops_the_server,
    serving_that_is_given_up_stops_the_server,
    a_stop_without_a_connection_drops_the_tools_that_run,
    a_hook_that_panics_stops_nothing,
];

async fn a_start_that_is_given_up_stops_the_server(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (server, mut events) = observed(broker.server(tools()?.0)?);
    let _nobody = broker.stop().await?;
    let starting = tokio::spawn(server.build()?.start());
    event(&mut events, "lost").await?;
    starting.abort();
    event(&mut events, "stopped").await
}

async fn serving_that_is_given_up_stops_the_server(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (server, mut events) = observed(broker.server(tools()?.0)?);
    let serving = tokio::spawn(server.build()?.serve());
    event(&mut events, "ready").await?;
    serving.abort();
    event(&mut events, "stopped").await
}

async fn a_stop_without_a_connection_drops_the_tools_that_run(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (registry, seen, _) = tools()?;
    let (server, mut events) = observed(broker.server(registry)?);
    let server = server.build()?.start().await?;
    // Without a session, the call ends with the connection.
    let scout = Client::builder("scout").namespace(NAMESPACE);
    let scout = scout.session_expiry(Duration::ZERO);
    let scout = scout.broker(broker.options("scout")?).connect().await?;
    let calling = tokio::spawn(async move { scout.call("hang", json!({})).await });
    within("the tool", seen.begun.acquire()).await??.forget();
    let _nobody = broker.stop().await?;
    event(&mut events, "lost").await?;
    server.stop().await?;
    within("the drop", seen.dropped.acquire()).await??.forget();
    assert!(within("the caller", calling).await??.is_err());
    Ok(())
}

async fn a_hook_that_panics_stops_nothing(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let server = broker
        .server(tools()?.0)?
        .on_event(|_| std::panic::panic_any("on purpose"));
    let server = server.build()?.start().await?;
    let scout = broker.client("scout").await?;
    let greeting = scout.call("greet", json!({"name": "Ann"})).await?;
    assert_eq!(greeting, "Hello, Ann!");
    Ok(server.stop().await?)
}
