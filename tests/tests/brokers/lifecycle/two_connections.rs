//! Servers and clients that publish on one connection and subscribe on another.

use anyhow::Result;
use mcp_mqtt::acl::Policy;
use mcp_mqtt::client::Client;
use mcp_mqtt::server::ServerBuilder;
use mcp_mqtt::{ConnectOptions, Connections};
use mcp_mqtt_tests::{RawClient, RawOptions};
use serde_json::json;

use super::{card_says, event, observed, watcher};
use crate::tools::tools;
use crate::world::{Broker, Kind, NAMESPACE, SERVICE, on_each_broker, scope};

on_each_broker![
    a_policy_grants_both_connections_what_they_need,
    a_server_that_loses_either_connection_is_offline_until_it_is_back,
    a_server_that_stops_leaves_in_order,
];

#[tokio::test]
async fn under_the_plugin_too_a_policy_grants_both_connections_what_they_need() -> Result<()> {
    a_policy_grants_both_connections_what_they_need(Kind::Dynsec).await
}

fn two(broker: &Broker, who: &str) -> Result<ConnectOptions> {
    let mut options = broker.options(who)?;
    options.connections = Connections::Two;
    options.client_id = Some(format!("{who}-1"));
    Ok(options)
}

fn server(broker: &Broker) -> Result<ServerBuilder> {
    Ok(broker.server(tools()?.0)?.broker(two(broker, SERVICE)?))
}

async fn client(broker: &Broker) -> Result<Client> {
    let client = Client::builder("scout").namespace(NAMESPACE);
    Ok(client.broker(two(broker, "scout")?).connect().await?)
}

/// Connects as the server with this id, so that the broker ends the server's own connection.
async fn take_over(broker: &Broker, id: &str) -> Result<RawClient> {
    let thief = RawOptions::new(broker.port()).user(SERVICE, SERVICE);
    thief.client_id(id).connect().await
}

async fn a_policy_grants_both_connections_what_they_need(kind: Kind) -> Result<()> {
    let (registry, _seen, _unblock) = tools()?;
    let policy = Policy::derive(&scope(), &registry)?;
    let broker = Broker::enforcing(kind, &policy, &scope()).await?;
    let server = broker.server(registry)?.broker(two(&broker, SERVICE)?);
    let server = server.build()?.start().await?;
    let scout = client(&broker).await?;
    let greeting = scout.call("greet", json!({"name": "Ann"})).await?;
    assert_eq!(greeting, "Hello, Ann!");
    let caller = scout.call("whoami", json!({})).await?;
    assert_eq!(caller["verified"], true, "{caller}");
    let mut counting = scout.call_streamed("count", json!({"n": 3}));
    for at in 1..=3 {
        assert_eq!(counting.next().await, Some(json!({"at": at})));
    }
    assert_eq!(counting.result().await?, 3);
    Ok(server.stop().await?)
}

async fn a_server_that_loses_either_connection_is_offline_until_it_is_back(
    kind: Kind,
) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let watcher = watcher(&broker).await?;
    for id in ["svc-1", "svc-1-sub"] {
        let (server, mut events) = observed(server(&broker)?);
        let starting = tokio::spawn(server.build()?.start());
        event(&mut events, "ready").await?;
        card_says(&watcher, "online").await?;
        let _thief = take_over(&broker, id).await?;
        event(&mut events, "lost").await?;
        card_says(&watcher, "offline").await?;
        drop(starting.await??.stop().await);
        event(&mut events, "stopped").await?;
    }
    Ok(())
}

async fn a_server_that_stops_leaves_in_order(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let watcher = watcher(&broker).await?;
    let server = server(&broker)?.build()?.start().await?;
    card_says(&watcher, "online").await?;
    server.stop().await?;
    let card = watcher.message().await?.json()?;
    assert_eq!(card["status"], "offline");
    // A will would bring another one.
    assert!(watcher.arrived().await?.is_empty());
    Ok(())
}
