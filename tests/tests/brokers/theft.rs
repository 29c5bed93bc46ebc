//! Calls belong to the server: whoever joins its share group without a grant takes none of them away.
//!
//! Mosquitto's `acl_file` lets everybody join every group, so there the group needs a key; the export
//! without one warns.

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::future::join_all;
use mcp_mqtt::acl::{ExportOptions, Format, Policy, Scope};
use mcp_mqtt::wire::Namespace;
use mcp_mqtt::wire::filter::matches;
use mcp_mqtt_tests::{RawClient, RawOptions};
use serde_json::json;

use crate::tools::tools;
use crate::world::{Broker, Kind, WITNESS, namespace, received, scope};

/// So many that a thief of a fair share would take some for certain.
const CALLS: usize = 60;
const KEY: &str = "s3cret";

#[tokio::test]
async fn the_embedded_broker_keeps_strangers_out_of_the_group() -> Result<()> {
    nothing_is_stolen(Kind::Embedded, None).await
}

#[tokio::test]
async fn the_embedded_broker_keeps_strangers_out_of_the_group_with_a_key() -> Result<()> {
    nothing_is_stolen(Kind::Embedded, Some(KEY)).await
}

#[tokio::test]
async fn on_mosquitto_a_key_keeps_strangers_out_of_the_group() -> Result<()> {
    nothing_is_stolen(Kind::Mosquitto, Some(KEY)).await
}

// What the key is for, and the proof that these tests would notice a thief.
#[tokio::test]
async fn on_mosquitto_without_a_key_a_stranger_swallows_calls() -> Result<()> {
    let (registry, seen, _unblock) = tools()?;
    let policy = Policy::derive(&scope(), &registry)?;
    let broker = Broker::enforcing(Kind::Mosquitto, &policy, &scope()).await?;
    let running = broker.server(registry)?.build()?.start().await?;
    let mallory = broker.raw("mallory").await?;
    join_groups(&mallory).await?;
    let scout = broker.client("scout").await?;
    let calls = (0..CALLS).map(|_| {
        let call = scout.call("greet", json!({"name": "Ann"}));
        call.timeout(Duration::from_millis(500)).into_future()
    });
    let answered = join_all(calls)
        .await
        .into_iter()
        .filter(Result::is_ok)
        .count();
    assert!(answered < CALLS, "nothing was swallowed");
    assert_eq!(seen.greetings(), answered);
    assert!(mallory.arrived().await?.is_empty(), "swallowed, not read");
    Ok(running.stop().await?)
}

#[test]
fn the_export_for_mosquitto_warns_of_theft_unless_there_is_a_key() -> Result<()> {
    let warnings = |key: Option<&str>| {
        let scope = keyed(key);
        let policy = Policy::derive(&scope, &tools()?.0)?;
        let export = policy.export(Format::Mosquitto, &ExportOptions::of(&scope))?;
        anyhow::Ok(export.warnings)
    };
    let without = warnings(None)?;
    assert!(
        without.iter().any(|line| line.contains("share key")),
        "{without:?}"
    );
    assert_eq!(warnings(Some(KEY))?, Vec::<String>::new());
    Ok(())
}

fn keyed(key: Option<&str>) -> Scope {
    let mut scope = scope();
    scope.share_key = key.map(str::to_owned);
    scope
}

/// Thieves join every group that they can think of; then each call is answered, and none reaches a thief.
async fn nothing_is_stolen(kind: Kind, key: Option<&str>) -> Result<()> {
    let (registry, seen, _unblock) = tools()?;
    let scope = keyed(key);
    let policy = Policy::derive(&scope, &registry)?;
    let broker = Broker::enforcing(kind, &policy, &scope).await?;
    let mut server = broker.server(registry)?;
    if let Some(key) = key {
        server = server.share_key(key);
    }
    let running = server.build()?.start().await?;

    let mut thieves = Vec::new();
    for name in ["mallory", "analyst", "scout"] {
        thieves.push((name, broker.raw(name).await?));
    }
    if kind == Kind::Mosquitto {
        thieves.push(("", RawOptions::new(broker.port()).connect().await?));
    }
    for (name, thief) in &thieves {
        thief.subscribe(&crate::world::mark(name)).await?;
        join_groups(thief).await?;
    }

    let scout = broker.client("scout").await?;
    let calls = (0..CALLS).map(|n| scout.call("greet", json!({"name": format!("n{n}")})));
    for (n, answer) in join_all(calls.map(IntoFuture::into_future))
        .await
        .into_iter()
        .enumerate()
    {
        let answer = answer.with_context(|| format!("call {n} of {CALLS}"))?;
        assert_eq!(answer, format!("Hello, n{n}!"));
    }
    assert_eq!(seen.greetings(), CALLS);

    let witness = broker.raw(WITNESS).await?;
    for (name, thief) in &thieves {
        let booty = match *name {
            "" => thief.arrived().await?,
            name => received(&witness, name, thief).await?,
        };
        let calls = namespace().calls("+");
        let stolen: Vec<_> = booty.iter().filter(|m| matches(&calls, &m.topic)).collect();
        assert!(stolen.is_empty(), "{name} got {stolen:?}");
    }
    Ok(running.stop().await?)
}

async fn join_groups(thief: &RawClient) -> Result<()> {
    let ns = namespace();
    let mut guessed: Vec<String> = [None, Some("key"), Some("secret"), Some("S3cret")]
        .map(|key| Namespace::share_group("greet", key))
        .to_vec();
    guessed.extend(["mcp-tool", "mcp-tool-greet.", "mcp-server-hello"].map(str::to_owned));
    for group in guessed {
        for filter in [
            ns.calls("greet"),
            ns.call("greet"),
            ns.bound_call("greet", "+"),
            "#".to_owned(),
        ] {
            thief.subscribe(&format!("$share/{group}/{filter}")).await?;
        }
    }
    Ok(())
}
