//! A broker may start after its servers, and may forget everything.

use anyhow::Result;
use mcp_mqtt::acl::{Policy, Profile};
use mcp_mqtt::server::ServeError;
use mcp_mqtt::wire::Status;
use serde_json::json;

use super::{event, observed};
use crate::tools::tools;
use crate::world::{Broker, Kind, SERVICE, on_each_broker, scope};

on_each_broker![
    a_broker_that_forgot_everything_is_told_again,
    a_server_waits_for_its_broker,
    a_server_without_grants_says_what_it_lacks,
];

async fn a_broker_that_forgot_everything_is_told_again(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (server, mut events) = observed(broker.server(tools()?.0)?);
    let server = server.build()?.start().await?;
    event(&mut events, "ready").await?;
    let broker = broker.stop().await?;
    event(&mut events, "lost").await?;
    let broker = broker.start_again().await?;
    event(&mut events, "ready").await?;
    let scout = broker.client("scout").await?;
    assert_eq!(scout.tool_card("greet").await?.status, Status::Online);
    assert_eq!(
        scout.call("greet", json!({"name": "Ann"})).await?,
        "Hello, Ann!"
    );
    Ok(server.stop().await?)
}

async fn a_server_waits_for_its_broker(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (server, mut events) = observed(broker.server(tools()?.0)?);
    let broker = broker.stop().await?;
    let starting = tokio::spawn(server.build()?.start());
    event(&mut events, "lost").await?;
    assert!(!starting.is_finished(), "it tries again");
    let broker = broker.start_again().await?;
    let server = starting.await??;
    let scout = broker.client("scout").await?;
    assert_eq!(
        scout.call("greet", json!({"name": "Ann"})).await?,
        "Hello, Ann!"
    );
    Ok(server.stop().await?)
}

async fn a_server_without_grants_says_what_it_lacks(kind: Kind) -> Result<()> {
    let (registry, ..) = tools()?;
    let mut scope = scope();
    scope.server_identity = None;
    scope.profile = Profile::Hardened;
    let policy = Policy::derive(&scope, &registry)?;
    let broker = Broker::enforcing(kind, &policy, &scope).await?;
    match broker.server(registry)?.build()?.start().await {
        Err(error @ ServeError::Refused { .. }) => {
            let text = error.to_string();
            assert!(
                text.contains(&format!("acl --server-identity {SERVICE}")),
                "{text}"
            );
        }
        // The embedded broker does not even take the will.
        Err(ServeError::Connection(source)) if kind == Kind::Embedded => {
            let text = source.to_string();
            assert!(text.contains("not authorized"), "{text}");
        }
        other => anyhow::bail!("{other:?}"),
    }
    Ok(())
}
