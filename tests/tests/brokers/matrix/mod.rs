//! Everybody × every tool × every topic: the broker does what [`Policy::decide`] says, and the server
//! serves with its least grants.
//!
//! A publish counts as allowed when the witness gets it, a subscribe when messages arrive; what the
//! broker acknowledges must agree.
//!
//! [`Policy::decide`]: mcp_mqtt::acl::Policy::decide

mod publish;
mod subscribe;
mod table;
mod topics;

use anyhow::{Context, Result, bail};
use futures_util::future::try_join_all;
use mcp_mqtt::acl::{Policy, Profile, Scope};
use mcp_mqtt::tool::{Registry, Tool, ToolBuilder};
use mcp_mqtt_tests::{RawClient, RawOptions};

use crate::world::{Broker, Kind, PEOPLE, WITNESS, mark, on_each_broker, scope};
use table::Table;

on_each_broker![
    reference,
    reference_with_share_key,
    reference_with_open_tool,
    hardened,
    hardened_with_share_key,
    hardened_with_open_tool,
    replicas_without_share_group,
];

/// An open tool cannot be said there.
mod dynsec {
    use super::*;

    #[tokio::test]
    async fn reference() -> Result<()> {
        super::reference(Kind::Dynsec).await
    }

    #[tokio::test]
    async fn reference_with_share_key() -> Result<()> {
        super::reference_with_share_key(Kind::Dynsec).await
    }

    #[tokio::test]
    async fn hardened() -> Result<()> {
        super::hardened(Kind::Dynsec).await
    }

    #[tokio::test]
    async fn replicas_without_share_group() -> Result<()> {
        super::replicas_without_share_group(Kind::Dynsec).await
    }
}

async fn reference(kind: Kind) -> Result<()> {
    agree(kind, scope(), tools()?).await
}

async fn reference_with_share_key(kind: Kind) -> Result<()> {
    agree(kind, keyed(scope()), tools()?).await
}

async fn reference_with_open_tool(kind: Kind) -> Result<()> {
    agree(kind, scope(), with_open_tool()?).await
}

async fn hardened(kind: Kind) -> Result<()> {
    agree(kind, hard(scope()), tools()?).await
}

async fn hardened_with_share_key(kind: Kind) -> Result<()> {
    agree(kind, keyed(hard(scope())), tools()?).await
}

async fn hardened_with_open_tool(kind: Kind) -> Result<()> {
    agree(kind, keyed(hard(scope())), with_open_tool()?).await
}

async fn replicas_without_share_group(kind: Kind) -> Result<()> {
    let mut scope = scope();
    scope.shared = false;
    agree(kind, scope, tools()?).await
}

fn keyed(mut scope: Scope) -> Scope {
    scope.share_key = Some("s3cret".to_owned());
    scope
}

fn hard(mut scope: Scope) -> Scope {
    scope.profile = Profile::Hardened;
    scope
}

/// Tools that differ in who may call them: both, one of the two, nobody.
fn tools() -> Result<Registry> {
    let mut registry = Registry::empty();
    for (name, callers) in [
        ("both", &["scout", "analyst"] as &[&str]),
        ("scouts", &["scout"]),
        ("analysts", &["analyst"]),
        ("nobodys", &[]),
    ] {
        registry = registry.add(
            echo(name)
                .allowed_callers(callers.iter().copied())
                .build()?,
        )?;
    }
    let streams = echo("streams").allowed_callers(["scout"]).streaming();
    Ok(registry.add(streams.build()?)?)
}

fn with_open_tool() -> Result<Registry> {
    Ok(tools()?.add(echo("open").streaming().build()?)?)
}

fn echo(name: &str) -> ToolBuilder {
    Tool::builder(name).handler(|(): (), _| async { Ok::<_, String>("done") })
}

/// The whole matrix of one policy on one broker.
async fn agree(kind: Kind, scope: Scope, registry: Registry) -> Result<()> {
    let policy = Policy::derive(&scope, &registry)?;
    let broker = Broker::enforcing(kind, &policy, &scope).await?;
    serves(&broker, &scope, &registry).await?;

    let matrix = Matrix {
        kind,
        policy,
        tools: registry.iter().map(|tool| tool.name().to_owned()).collect(),
        scope,
        people: people(&broker).await?,
        witness: broker.raw(WITNESS).await?,
    };
    let mut table = Table::default();
    matrix.publish(&mut table).await?;
    matrix.subscribe(&mut table).await?;
    table.check()
}

/// The server starts, answers and stops with no more than its grants. It is gone when this returns:
/// from then on whatever moves on the broker is the matrix's own.
async fn serves(broker: &Broker, scope: &Scope, registry: &Registry) -> Result<()> {
    let mut server = broker.server(registry.clone())?.shared(scope.shared);
    if let Some(key) = &scope.share_key {
        server = server.share_key(key);
    }
    let running = server.build()?.start().await?;
    let scout = broker.client("scout").await?;
    for tool in ["both", "scouts", "streams"] {
        let result = scout.call(tool, serde_json::json!({})).await;
        let result = result.with_context(|| format!("scout calls {tool}"))?;
        assert_eq!(result, "done", "{tool}");
    }
    scout.disconnect().await;
    running.stop().await?;
    Ok(())
}

struct Matrix {
    kind: Kind,
    policy: Policy,
    tools: Vec<String>,
    scope: Scope,
    people: Vec<Person>,
    witness: RawClient,
}

/// Somebody who is connected. Without a name it is an anonymous client.
struct Person {
    name: Option<&'static str>,
    client: RawClient,
}

impl Person {
    fn label(&self) -> &'static str {
        self.name.unwrap_or("(anonymous)")
    }
}

/// Everybody but the witness, the server's identity and, where the broker lets one in, an anonymous
/// client included.
async fn people(broker: &Broker) -> Result<Vec<Person>> {
    let names = PEOPLE.into_iter().filter(|name| *name != WITNESS);
    let mut people = try_join_all(names.map(|name| async move {
        let client = broker.raw(name).await?;
        client.subscribe(&mark(name)).await?;
        anyhow::Ok(Person {
            name: Some(name),
            client,
        })
    }))
    .await?;
    let anonymous = RawOptions::new(broker.port()).connect().await;
    match (broker.kind(), anonymous) {
        (Kind::Embedded, Err(_)) => {}
        (Kind::Embedded, Ok(_)) => bail!("the embedded broker lets anonymous clients in"),
        (Kind::Mosquitto | Kind::Dynsec, client) => people.push(Person {
            name: None,
            client: client?,
        }),
    }
    Ok(people)
}
