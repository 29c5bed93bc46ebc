//! What becomes of calls that are under way when a connection of a server breaks, or that come twice.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mcp_mqtt::client::Outcome;
use mcp_mqtt::tool::{Hints, Registry, Tool, ToolContext, ToolError};
use mcp_mqtt_tests::proxy::{Direction, Fault};
use mcp_mqtt_tests::within;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::network::{Behind, behind};
use super::{event, observed, serve};
use crate::tools::{Seen, tools};
use crate::world::{Broker, Kind, on_each_broker};

/// How soon a caller knows when a socket was closed.
const SOON: Duration = Duration::from_secs(2);

on_each_broker![
    a_call_that_is_delivered_twice_runs_once,
    whoever_called_a_server_that_vanished_knows_soon,
    whoever_sent_a_call_that_was_truncated_knows_soon,
    a_call_outlives_the_connection_of_its_server,
    a_call_that_may_run_again_outlives_its_broker,
    a_server_that_is_reset_now_and_then_comes_back_soon_every_time,
];

async fn a_call_that_is_delivered_twice_runs_once(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let stage = behind(&broker).await?;
    let scout = broker.client("scout").await?;
    let greet = || scout.call("greet", json!({"name": "Ann"}));
    let twice = stage
        .proxy
        .on_publish(Direction::FromBroker, "greet/call", Fault::Duplicate);
    assert_eq!(greet().await?, "Hello, Ann!");
    twice.happened().await?;
    // The repeat came before this one, on the same connection.
    assert_eq!(greet().await?, "Hello, Ann!");
    assert_eq!(stage.seen.greetings(), 2);
    Ok(stage.server.stop().await?)
}

async fn whoever_called_a_server_that_vanished_knows_soon(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (registry, seen, _) = tools()?;
    let server = broker.server(registry)?.build()?;
    // A runtime of its own, whose end closes the socket as the end of a process does.
    let runtime = Runtime::new()?;
    runtime.spawn(server.start()).await??;
    let scout = broker.client("scout").await?;
    let call = tokio::spawn(scout.call("hold", json!({})).into_future());
    Seen::one("a call that is held", &seen.begun).await?;
    let vanished = Instant::now();
    runtime.shutdown_background();
    let error = within("the failure", call)
        .await??
        .err()
        .context("it was answered")?;
    assert!(
        vanished.elapsed() < SOON,
        "{:?}: {error}",
        vanished.elapsed()
    );
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    Ok(())
}

async fn whoever_sent_a_call_that_was_truncated_knows_soon(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let stage = behind(&broker).await?;
    let scout = broker.client("scout").await?;
    let truncated = stage
        .proxy
        .on_publish(Direction::FromBroker, "greet/call", Fault::Truncate);
    let sent = Instant::now();
    let call = tokio::spawn(scout.call("greet", json!({"name": "Ann"})).into_future());
    truncated.happened().await?;
    let error = within("the failure", call)
        .await??
        .err()
        .context("it was answered")?;
    assert!(sent.elapsed() < SOON, "{:?}: {error}", sent.elapsed());
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    Ok(stage.server.stop().await?)
}

/// The tool runs on, and its server is back before the caller has to give up.
async fn a_call_outlives_the_connection_of_its_server(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let Behind {
        proxy,
        server,
        seen,
        mut events,
    } = behind(&broker).await?;
    let scout = broker.client("scout").await?;
    let call = tokio::spawn(scout.call("hold", json!({})).into_future());
    Seen::one("a call that is held", &seen.begun).await?;
    let reset = Instant::now();
    proxy.reset();
    event(&mut events, "lost").await?;
    seen.gate.add_permits(1);
    match within("what became of it", call).await?? {
        Ok(answer) => assert_eq!(answer, "held"),
        Err(error) => assert_eq!(error.outcome(), Outcome::Unknown, "{error}"),
    }
    assert!(reset.elapsed() < SOON, "{:?}", reset.elapsed());
    event(&mut events, "ready").await?;
    Ok(server.stop().await?)
}

/// The server knows the call again, and answers when the first run ends: while the broker is away, or later.
async fn a_call_that_may_run_again_outlives_its_broker(kind: Kind) -> Result<()> {
    for ends_meanwhile in [true, false] {
        let broker = Broker::open(kind).await?;
        let (begun, mut runs) = mpsc::unbounded_channel();
        let mut hints = Hints::default();
        hints.idempotent = Some(true);
        let again = Tool::builder("again")
            .description("Ends when it is let go.")
            .input_schema(json!({"type": "object"}))
            .hints(hints)
            .raw_handler(move |_, _: ToolContext| {
                let (let_go, run) = oneshot::channel::<()>();
                let _ = begun.send(let_go);
                async move {
                    let _ = run.await;
                    Ok::<_, ToolError>(json!("done"))
                }
            });
        let registry = Registry::empty().add(again.build()?)?;
        let (server, mut events) = observed(broker.server(registry)?);
        let server = server.build()?.start().await?;
        event(&mut events, "ready").await?;
        let scout = broker.client("scout").await?;
        let call = tokio::spawn(scout.call("again", json!({})).into_future());
        let run = within("the run", runs.recv()).await?.context("no run")?;
        let broker = broker.stop().await?;
        event(&mut events, "lost").await?;
        let mut run = Some(run);
        if ends_meanwhile {
            drop(run.take());
        }
        let _broker = broker.start_again().await?;
        event(&mut events, "ready").await?;
        drop(run);
        assert_eq!(within("the answer", call).await???, "done");
        assert!(runs.try_recv().is_err(), "it ran once");
        server.stop().await?;
    }
    Ok(())
}

/// A connection that served for a while was a good one: its loss does not lengthen the waits.
async fn a_server_that_is_reset_now_and_then_comes_back_soon_every_time(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let mut stage = behind(&broker).await?;
    let scout = broker.client("scout").await?;
    for _ in 0..8 {
        let reset = Instant::now();
        stage.proxy.reset();
        event(&mut stage.events, "lost").await?;
        event(&mut stage.events, "ready").await?;
        assert!(reset.elapsed() < 2 * SOON, "{:?}", reset.elapsed());
        let serves_for = Instant::now() + SOON;
        while Instant::now() < serves_for {
            let _ = scout.call("greet", json!({"name": "Ann"})).await;
        }
    }
    Ok(stage.server.stop().await?)
}

/// Only Mosquitto: the embedded broker does not say when a subscription has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_calls_none_is_lost_when_one_of_two_replicas_stops() -> Result<()> {
    let broker = Broker::open(Kind::Mosquitto).await?;
    let (one, first) = serve(&broker).await?;
    let (two, second) = serve(&broker).await?;
    let scout = broker.client("scout").await?;
    let calls: Vec<_> = (0..100)
        .map(|_| tokio::spawn(scout.call("hold", json!({})).into_future()))
        .collect();
    Seen::one("a call that is held", &first.begun).await?;
    let stop = tokio::spawn(one.stop());
    first.gate.add_permits(100);
    second.gate.add_permits(100);
    for call in calls {
        assert_eq!(within("the answer", call).await???, "held");
    }
    within("the end of the replica", stop).await???;
    Ok(two.stop().await?)
}
