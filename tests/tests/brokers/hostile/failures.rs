//! Tools that fail: by an error, a panic, too late, too large, or never.

use std::time::Instant;

use anyhow::Result;
use mcp_mqtt::client::{CallError, Outcome};
use mcp_mqtt_tests::within;
use serde_json::json;

use super::stage::Stage;
use crate::tools::{SHORT, Seen};
use crate::world::{Broker, Kind, on_each_broker};

on_each_broker![
    an_error_reaches_the_caller_without_its_cause,
    a_panic_fails_its_call_alone,
    a_tool_over_its_timeout_is_dropped,
    a_tool_that_blocks_is_answered_for,
    a_result_over_the_limit_of_the_broker_is_an_error_of_its_call,
];

async fn an_error_reaches_the_caller_without_its_cause(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind).await? {
        let (message, code) = tool_error(&stage, "fail").await?;
        assert_eq!(
            (message.as_str(), code.as_deref()),
            ("no luck", Some("luck"))
        );
        for message in stage.leaves().await? {
            let text = String::from_utf8_lossy(&message.payload).into_owned();
            assert!(!text.contains("secret"), "{text}");
        }
        stage.good_call().await?;
    }
    Ok(())
}

async fn a_panic_fails_its_call_alone(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind).await? {
        for _ in 0..3 {
            let (message, code) = tool_error(&stage, "panic").await?;
            assert_eq!((message.as_str(), code), ("tool `panic` panicked", None));
            stage.good_call().await?;
        }
    }
    Ok(())
}

async fn a_tool_over_its_timeout_is_dropped(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind).await? {
        let started = Instant::now();
        timed_out(&stage, "hang").await?;
        assert!(started.elapsed() >= SHORT, "{:?}", started.elapsed());
        Seen::one("the end of the handler", &stage.seen.dropped).await?;
        // The caller may wait shorter than the tool may run.
        let call = stage.scout.call("hold", json!({})).timeout(SHORT).await;
        assert!(matches!(call, Err(CallError::Timeout { .. })), "{call:?}");
        stage.good_call().await?;
    }
    Ok(())
}

async fn a_tool_that_blocks_is_answered_for(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind).await? {
        timed_out(&stage, "block").await?;
        stage.good_call().await?;
        stage.unblock.send(())?;
        stage.good_call().await?;
        let mut answers = Vec::new();
        for message in stage.leaves().await? {
            answers.push(message.json()?["status"].clone());
        }
        // Before it there may be a notice that it is held.
        answers.retain(|status| status != "accepted");
        assert_eq!(answers, ["error"], "one answer, and no late one");
    }
    Ok(())
}

async fn a_result_over_the_limit_of_the_broker_is_an_error_of_its_call(kind: Kind) -> Result<()> {
    let stage = Stage::on(Broker::small(kind, 64 * 1024).await?, false).await?;
    let result = stage
        .scout
        .call("large", json!({"bytes": 32 * 1024}))
        .await?;
    assert_eq!(result.as_str().map(str::len), Some(32 * 1024));
    let large = stage.scout.call("large", json!({"bytes": 80 * 1024})).await;
    match large {
        Err(CallError::Tool { message, .. }) => {
            assert!(message.contains("the broker takes 65536"), "{message}");
        }
        other => anyhow::bail!("{other:?}"),
    }
    stage.good_call().await
}

async fn tool_error(stage: &Stage, tool: &str) -> Result<(String, Option<String>)> {
    match stage.scout.call(tool, json!({})).await {
        Err(CallError::Tool { message, code, .. }) => Ok((message, code)),
        other => anyhow::bail!("expected an error of {tool}, got {other:?}"),
    }
}

/// The server says so: the client's own limit is far away.
async fn timed_out(stage: &Stage, tool: &str) -> Result<()> {
    match within(
        "the time-out",
        stage.scout.call(tool, json!({})).into_future(),
    )
    .await?
    {
        Err(CallError::Timeout {
            message, outcome, ..
        }) => {
            assert_eq!(message, "the tool took longer than it may; it was stopped");
            assert_eq!(outcome, Outcome::Unknown);
            Ok(())
        }
        other => anyhow::bail!("expected a time-out of {tool}, got {other:?}"),
    }
}
