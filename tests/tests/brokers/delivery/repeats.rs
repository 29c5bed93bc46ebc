//! A call that comes again, as it was or changed.

use anyhow::Result;
use mcp_mqtt::server::Limits;
use serde_json::json;

use super::{Call, Stage, answer};
use crate::tools::Seen;
use crate::world::{Kind, namespace, on_each_broker};

on_each_broker![
    a_call_that_comes_three_times_runs_once,
    a_repeat_of_what_runs_is_answered_with_it,
    the_same_id_with_another_payload_is_no_repeat,
    nobody_gets_the_response_of_somebody_else,
    a_large_result_is_not_kept_and_not_run_again,
];

async fn a_call_that_comes_three_times_runs_once(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        for call in [Call::greet("c1"), Call::greet("c2").plain()] {
            let before = stage.seen.greetings();
            stage.call(&call).await?;
            let first = stage.answer().await?;
            assert_eq!(first.1["result"], "Hello, Ann!");
            for _ in 0..2 {
                stage.call(&call).await?;
                assert_eq!(stage.answer().await?, first);
            }
            assert_eq!(stage.seen.greetings() - before, 1);
        }
    }
    Ok(())
}

async fn a_repeat_of_what_runs_is_answered_with_it(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        stage.hold("c1").await?;
        stage.call(&Call::new("hold", "c1")).await?;
        stage.good_call("good").await?;
        stage.seen.gate.add_permits(2);
        let (correlation, json) = stage.answer().await?;
        assert_eq!(
            (correlation.as_str(), &json["result"]),
            ("c1", &json!("held"))
        );
        stage.good_call("better").await?;
        assert_eq!(stage.seen.gate.available_permits(), 1, "it ran once");
    }
    Ok(())
}

async fn the_same_id_with_another_payload_is_no_repeat(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        stage.call(&Call::greet("c1")).await?;
        assert_eq!(stage.answer().await?.1["result"], "Hello, Ann!");
        let mut other = Call::greet("c1");
        other.arguments = json!({"name": "Eve"});
        stage.call(&other).await?;
        let (_, json) = stage.answer().await?;
        assert_eq!(json["error"]["type"], "invalid_arguments", "{json}");
        assert_eq!(json["error"]["faults"][0]["pointer"], "/call_id", "{json}");
        assert_eq!(stage.seen.greetings(), 1);
    }
    Ok(())
}

async fn nobody_gets_the_response_of_somebody_else(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        let analyst = stage.broker.raw("analyst").await?;
        analyst.subscribe(&namespace().inbox("analyst")).await?;
        stage.good_call("c1").await?;
        Call::greet("c1").send(&analyst, "analyst").await?;
        answer(&analyst).await?;
        assert_eq!(stage.seen.greetings(), 2, "it is a call of its own");
        if stage.guarded {
            // In scout's name, on the topic where nobody vouches for it: scout's inbox gets what comes of it,
            // and scout's own call is another one.
            Call::greet("c2").plain().send(&analyst, "scout").await?;
            stage.answer().await?;
            stage.good_call("c2").await?;
            assert_eq!(stage.seen.greetings(), 4);
        }
    }
    Ok(())
}

async fn a_large_result_is_not_kept_and_not_run_again(kind: Kind) -> Result<()> {
    let stage = Stage::open(kind, Limits::default()).await?;
    let mut call = Call::new("large", "c1");
    call.arguments = json!({"bytes": 80 * 1024});
    stage.call(&call).await?;
    assert_eq!(stage.answer().await?.1["status"], "ok");
    stage.call(&call).await?;
    let (_, json) = stage.answer().await?;
    assert_eq!(json["error"]["type"], "tool_error", "{json}");
    assert_eq!(json["error"]["code"], "result_not_kept", "{json}");
    // What is held is no repeat of it.
    stage.call(&Call::new("hold", "c2")).await?;
    Seen::one("another call", &stage.seen.begun).await
}
