//! Bounds: what is beyond them waits or is told so, and nothing is met with silence.

use std::collections::HashSet;

use anyhow::Result;
use mcp_mqtt::server::{Limits, Rate};
use serde_json::json;

use super::{Call, Stage, registry};
use crate::tools::Seen;
use crate::world::{Broker, Kind, namespace, on_each_broker};

on_each_broker![
    calls_that_wait_start_in_order,
    a_tool_of_its_own_limit_runs_alone_and_holds_up_nothing_else,
    calls_beyond_every_limit_are_all_answered,
    a_receive_maximum_of_one_loses_no_call,
    a_large_call_too_many_is_told_so,
    a_call_that_waits_too_long_did_not_run,
    a_caller_that_calls_too_often_is_told_when_to_come_again,
    a_tool_for_verified_callers_runs_for_no_other,
];

async fn calls_that_wait_start_in_order(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default().max_in_flight(1)).await? {
        stage.hold("first").await?;
        for n in 0..20 {
            stage.call(&Call::greet(format!("c{n}"))).await?;
        }
        stage.seen.gate.add_permits(1);
        assert_eq!(stage.answer().await?.0, "first");
        for n in 0..20 {
            assert_eq!(stage.answer().await?.0, format!("c{n}"));
        }
    }
    Ok(())
}

async fn a_tool_of_its_own_limit_runs_alone_and_holds_up_nothing_else(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        for id in ["c1", "c2"] {
            stage.call(&Call::new("alone", id)).await?;
        }
        Seen::one("the first call", &stage.seen.begun).await?;
        stage.good_call("good").await?;
        assert_eq!(stage.seen.begun.available_permits(), 0, "both run");
        stage.seen.gate.add_permits(1);
        assert_eq!(stage.answer().await?.0, "c1");
        Seen::one("the second call", &stage.seen.begun).await?;
        stage.seen.gate.add_permits(1);
        assert_eq!(stage.answer().await?.0, "c2");
    }
    Ok(())
}

async fn calls_beyond_every_limit_are_all_answered(kind: Kind) -> Result<()> {
    let limits = Limits::default().max_in_flight(64).queue(100);
    let stage = Stage::open(kind, limits).await?;
    let mut open = HashSet::new();
    for n in 0..1500 {
        let id = format!("c{n}");
        stage.call(&Call::new("hold", id.clone())).await?;
        open.insert(id);
    }
    let mut refused = 0;
    while refused < 1500 - 164 {
        let (id, json) = stage.answer().await?;
        assert_eq!(json["error"]["type"], "unavailable", "{json}");
        assert!(json["error"]["retry_after_ms"].is_u64(), "{json}");
        assert!(open.remove(&id), "{id} was answered twice");
        refused += 1;
    }
    stage.seen.gate.add_permits(1500);
    while !open.is_empty() {
        let (id, json) = stage.answer().await?;
        assert_eq!(json["result"], "held", "{json}");
        assert!(open.remove(&id), "{id} was answered twice");
    }
    stage.good_call("good").await
}

async fn a_receive_maximum_of_one_loses_no_call(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let mut options = broker.options("svc")?;
    options.receive_maximum = 1;
    let server = broker.server(registry()?.0)?.broker(options).build()?;
    server.start().await?;
    let scout = broker.raw("scout").await?;
    scout.subscribe(&namespace().inbox("scout")).await?;
    for n in 0..100 {
        Call::greet(format!("c{n}")).send(&scout, "scout").await?;
    }
    for _ in 0..100 {
        assert_eq!(super::answer(&scout).await?.1["status"], "ok");
    }
    Ok(())
}

async fn a_large_call_too_many_is_told_so(kind: Kind) -> Result<()> {
    let limits = Limits::default().max_in_flight(1).queue_bytes(1000);
    for stage in Stage::both(kind, limits).await? {
        stage.hold("first").await?;
        let mut large = Call::greet("large");
        large.arguments = json!({"name": "x".repeat(100_000)});
        stage.call(&large).await?;
        let (id, json) = stage.answer().await?;
        assert_eq!(
            (id.as_str(), &json["error"]["type"]),
            ("large", &json!("unavailable"))
        );
        stage.call(&Call::greet("small")).await?;
        stage.seen.gate.add_permits(1);
        assert_eq!(stage.answer().await?.0, "first");
        assert_eq!(stage.answer().await?.0, "small");
    }
    Ok(())
}

async fn a_call_that_waits_too_long_did_not_run(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default().max_in_flight(1)).await? {
        stage.hold("first").await?;
        stage
            .call(&Call::greet("c1").property("mcp-mqtt-timeout-ms", 100))
            .await?;
        let (id, json) = stage.answer().await?;
        assert_eq!(
            (id.as_str(), &json["error"]["type"]),
            ("c1", &json!("unavailable"))
        );
        stage.seen.gate.add_permits(1);
        assert_eq!(stage.answer().await?.0, "first");
        stage.good_call("good").await?;
        assert_eq!(stage.seen.greetings(), 1);
    }
    Ok(())
}

async fn a_caller_that_calls_too_often_is_told_when_to_come_again(kind: Kind) -> Result<()> {
    let limits = Limits::default().rate(Rate::new(1, 2));
    for stage in Stage::both(kind, limits).await? {
        for id in ["c1", "c2"] {
            stage.good_call(id).await?;
        }
        stage.call(&Call::greet("c3")).await?;
        let (_, json) = stage.answer().await?;
        assert_eq!(json["error"]["type"], "unavailable", "{json}");
        let wait = json["error"]["retry_after_ms"].as_u64();
        assert!(wait.is_some_and(|ms| (1..=1000).contains(&ms)), "{json}");
        if stage.guarded {
            let analyst = stage.broker.raw("analyst").await?;
            analyst.subscribe(&namespace().inbox("analyst")).await?;
            Call::greet("c1").send(&analyst, "analyst").await?;
            assert_eq!(super::answer(&analyst).await?.1["status"], "ok");
        }
    }
    Ok(())
}

async fn a_tool_for_verified_callers_runs_for_no_other(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        stage.call(&Call::new("vouched", "c1")).await?;
        let (_, json) = stage.answer().await?;
        match stage.guarded {
            true => assert_eq!(json["result"], "scout", "{json}"),
            false => {
                assert_eq!(json["error"]["type"], "unauthorized", "{json}");
                let message = json["error"]["message"].as_str().unwrap_or_default();
                assert!(message.contains("load the policy"), "{message}");
            }
        }
        if stage.guarded {
            stage.call(&Call::new("vouched", "c2").plain()).await?;
            let (_, json) = stage.answer().await?;
            assert_eq!(json["error"]["type"], "unauthorized", "{json}");
            let message = json["error"]["message"].as_str().unwrap_or_default();
            assert!(message.contains("/vouched/call/scout`"), "{message}");
        }
    }
    Ok(())
}
