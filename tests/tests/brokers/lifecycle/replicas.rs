//! Replicas of one server: they share its calls, or each gets all of them.

use anyhow::Result;
use serde_json::json;

use super::serve;
use crate::tools::tools;
use crate::world::{Broker, Kind, NAMESPACE, WITNESS, namespace, on_each_broker, received};

const CALLS: usize = 40;

on_each_broker![
    replicas_share_the_calls,
    without_sharing_every_replica_gets_every_call,
];

async fn replicas_share_the_calls(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (_one, first) = serve(&broker).await?;
    let (_two, second) = serve(&broker).await?;
    let scout = broker.client("scout").await?;
    for _ in 0..CALLS {
        scout.call("greet", json!({"name": "Ann"})).await?;
    }
    let (first, second) = (first.greetings(), second.greetings());
    assert_eq!(first + second, CALLS, "each call is run once");
    assert!(first > 0 && second > 0, "{first} and {second}");
    Ok(())
}

async fn without_sharing_every_replica_gets_every_call(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let (registry, seen, _) = tools()?;
        let server = broker.server(registry)?.shared(false).build()?;
        replicas.push((server.start().await?, seen));
    }
    let witness = broker.raw(WITNESS).await?;
    witness.subscribe(&namespace().inbox("scout")).await?;
    let scout = broker.client("scout").await?;
    for _ in 0..CALLS {
        assert_eq!(
            scout.call("greet", json!({"name": "Ann"})).await?,
            "Hello, Ann!"
        );
    }
    // Both answer; the client takes the first answer of each call.
    for _ in 0..2 * CALLS {
        witness.message().await?;
    }
    for (server, seen) in replicas {
        assert_eq!(seen.greetings(), CALLS);
        server.stop().await?;
    }
    witness.subscribe(&crate::world::mark(WITNESS)).await?;
    let late = received(&witness, WITNESS, &witness).await?;
    assert!(late.is_empty(), "more answers in {NAMESPACE}: {late:?}");
    Ok(())
}
