//! How a call arrives: retained, at another QoS, with properties beyond reason, in floods.

use anyhow::{Context, Result};
use futures_util::future::join_all;
use mcp_mqtt::acl::Policy;
use mcp_mqtt::client::CallError;
use mcp_mqtt_tests::Properties;
use mcp_mqtt_tests::raw::QoS;
use serde_json::json;

use super::stage::{Due, Shot, Stage, good};
use crate::tools::{Seen, tools};
use crate::world::{Broker, Kind, namespace, on_each_broker, scope};

on_each_broker![
    a_retained_call_is_not_run,
    a_retained_call_from_before_the_start_is_not_run,
    a_call_at_any_qos_is_run_once,
    properties_beyond_reason_change_nothing,
    a_flood_is_answered_call_by_call,
];

async fn a_retained_call_is_not_run(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind).await? {
        for payload in [good().to_string(), "nonsense".to_owned(), String::new()] {
            let mut shot = Shot::new("retained", payload, Due::Silence);
            shot.retain = true;
            stage.fire(shot).await?;
        }
    }
    Ok(())
}

async fn a_retained_call_from_before_the_start_is_not_run(kind: Kind) -> Result<()> {
    let (registry, ..) = tools()?;
    let policy = Policy::derive(&scope(), &registry)?;
    let guarded = Broker::enforcing(kind, &policy, &scope()).await?;
    for (broker, guarded) in [(guarded, true), (Broker::open(kind).await?, false)] {
        let scout = broker.raw("scout").await?;
        for topic in [
            namespace().call("greet"),
            namespace().bound_call("greet", "scout"),
        ] {
            let none = Properties::default();
            scout
                .publish_with(&topic, good().to_string(), true, none)
                .await?;
        }
        let stage = Stage::on(broker, guarded).await?;
        stage.good_call().await?;
        stage.good_call().await?;
        assert_eq!(stage.seen.greetings(), 2, "the good calls alone");
        assert!(stage.leaves().await?.is_empty());
    }
    Ok(())
}

async fn a_call_at_any_qos_is_run_once(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind).await? {
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            let mut shot = Shot::call(format!("{qos:?}"), Due::Result(json!("Hello, Ann!")));
            shot.qos = qos;
            stage.fire(shot).await?;
        }
    }
    Ok(())
}

async fn properties_beyond_reason_change_nothing(kind: Kind) -> Result<()> {
    let with = |name: &str, user: Vec<(String, String)>| {
        let shot = Shot::call(name, Due::Result(json!("Hello, Ann!")));
        shot.properties(|p| p.user_properties = user)
    };
    let property = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let timeout = |value| vec![property("mcp-mqtt-timeout-ms", value)];
    for stage in Stage::both(kind).await? {
        stage
            .fire_all([
                with(
                    "many",
                    (0..5000)
                        .map(|n| (format!("key-{n}"), "x".repeat(40)))
                        .collect(),
                ),
                with(
                    "long",
                    vec![property(&"k".repeat(60_000), &"v".repeat(60_000))],
                ),
                with("empty", vec![property("", "")]),
                with("no number", timeout("soon")),
                with("below zero", timeout("-1")),
                with("beyond all numbers", timeout("99999999999999999999999")),
                with("the largest", timeout("18446744073709551615")),
                with("no stream", vec![property("mcp-mqtt-inbox", "1")]),
                Shot::call("content type", Due::Result(json!("Hello, Ann!")))
                    .properties(|p| p.content_type = Some("text/html".repeat(5000))),
                Shot::call("correlation data", Due::Result(json!("Hello, Ann!")))
                    .properties(|p| p.correlation_data = Some(vec![0; 60_000].into())),
            ])
            .await?;
    }
    Ok(())
}

async fn a_flood_is_answered_call_by_call(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind).await? {
        let flood = (0..1500).map(|_| async { stage.scout.call("hold", json!({})).await });
        let flood = join_all(flood);
        let release = async {
            Seen::one("a call that is held", &stage.seen.begun).await?;
            // Whatever is held ends now, and whatever comes later.
            stage.seen.gate.add_permits(1500);
            anyhow::Ok(())
        };
        let (answers, released) = tokio::join!(flood, release);
        released?;
        let mut done = 0;
        for answer in answers {
            match answer {
                Ok(result) => {
                    assert_eq!(result, "held");
                    done += 1;
                }
                Err(CallError::Unavailable { retry_after, .. }) => {
                    retry_after.context("the server says when to try again")?;
                }
                Err(other) => return Err(other.into()),
            }
        }
        assert!(done > 0, "none of the calls was run");
        stage.good_call().await?;
    }
    Ok(())
}
