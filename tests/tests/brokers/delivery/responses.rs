//! A response arrives although nobody was there, or no connection; and the end of the server is told.

use std::time::Duration;

use anyhow::Result;
use mcp_mqtt::server::Limits;
use mcp_mqtt_tests::within;
use serde_json::json;
use tokio::runtime::Builder;

use super::{Call, Stage, answer};
use crate::tools::{Seen, tools};
use crate::world::{Broker, Kind, namespace, on_each_broker};

on_each_broker![
    a_response_outlives_the_broker,
    a_stop_says_what_ran_and_what_did_not,
    a_tool_that_blocks_a_thread_does_not_hold_up_the_others,
];

// The embedded broker does not say that nobody subscribes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_waits_for_its_inbox() -> Result<()> {
    for stage in Stage::both(Kind::Mosquitto, Limits::default()).await? {
        stage.hold("c1").await?;
        let inbox = namespace().inbox("scout");
        stage.scout.unsubscribe(&inbox).await?;
        stage.seen.gate.add_permits(1);
        within("the end of the tool", async {
            while stage.seen.gate.available_permits() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await?;
        let other = stage.broker.raw("analyst").await?;
        Call::greet("c2").send(&other, "analyst").await?;
        stage.scout.subscribe(&inbox).await?;
        assert_eq!(stage.answer().await?.1["result"], "held");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_that_nobody_takes_keep_nobody_out() -> Result<()> {
    let limits = Limits::default().max_in_flight(1).queue(1);
    for stage in Stage::both(Kind::Mosquitto, limits).await? {
        stage.good_call("c1").await?;
        stage.scout.unsubscribe(&namespace().inbox("scout")).await?;
        for name in ["Bob", "Eve", "Zoe"] {
            let mut other = Call::greet("c1");
            other.arguments = json!({"name": name});
            stage.call(&other).await?;
        }
        let analyst = stage.broker.raw("analyst").await?;
        analyst.subscribe(&namespace().inbox("analyst")).await?;
        within("a call of somebody else", async {
            loop {
                Call::greet("c2").send(&analyst, "analyst").await?;
                if answer(&analyst).await?.1["status"] == "ok" {
                    return anyhow::Ok(());
                }
            }
        })
        .await??;
    }
    Ok(())
}

async fn a_response_outlives_the_broker(kind: Kind) -> Result<()> {
    let stage = Stage::open(kind, Limits::default()).await?;
    stage.hold("c1").await?;
    let stopped = stage.broker.stop().await?;
    stage.seen.gate.add_permits(1);
    let broker = stopped.start_again().await?;
    let scout = broker.raw("scout").await?;
    scout.subscribe(&namespace().inbox("scout")).await?;
    assert_eq!(answer(&scout).await?.1["result"], "held");
    Ok(())
}

async fn a_stop_says_what_ran_and_what_did_not(kind: Kind) -> Result<()> {
    let limits = Limits::default().max_in_flight(1);
    let limits = limits.drain_timeout(Duration::from_millis(100));
    for stage in Stage::both(kind, limits).await? {
        stage.hold("ran").await?;
        stage.call(&Call::greet("waited")).await?;
        within("the end of the server", stage.server.stop()).await??;
        for _ in 0..2 {
            let (id, json) = answer(&stage.scout).await?;
            let kind = match id.as_str() {
                "ran" => "timeout",
                _ => "unavailable",
            };
            assert_eq!(json["error"]["type"], kind, "{id}: {json}");
        }
    }
    Ok(())
}

async fn a_tool_that_blocks_a_thread_does_not_hold_up_the_others(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (registry, seen, unblock) = tools()?;
    let server = broker.server(registry)?.build()?;
    // A runtime of its own, where nobody else's work wakes the second thread.
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.spawn(server.start()).await??;
    let scout = broker.raw("scout").await?;
    scout.subscribe(&namespace().inbox("scout")).await?;
    Call::new("block", "blocks").send(&scout, "scout").await?;
    Seen::one("a call that blocks", &seen.begun).await?;
    Call::greet("greets").send(&scout, "scout").await?;
    for (id, status) in [("greets", "ok"), ("blocks", "error")] {
        let (correlation, json) = answer(&scout).await?;
        assert_eq!(
            (correlation.as_str(), &json["status"]),
            (id, &status.into())
        );
    }
    unblock.send(())?;
    runtime.shutdown_background();
    Ok(())
}
