//! A caller stops calls of its own, and nobody else's.

use anyhow::Result;
use mcp_mqtt::acl::Profile;
use mcp_mqtt::server::Limits;
use mcp_mqtt_tests::Properties;
use mcp_mqtt_tests::raw::Ack;
use serde_json::json;

use super::{Call, Stage, cancel};
use crate::protocol;
use crate::tools::Seen;
use crate::world::{Kind, SERVER, namespace, on_each_broker};

on_each_broker![
    a_cancel_stops_the_tool_and_nothing_follows,
    a_cancel_before_its_call_keeps_it_from_running,
    a_call_that_waits_is_cancelled,
    a_cancel_stops_nobody_elses_call,
    a_policy_lets_nobody_cancel_in_anothers_name,
    what_is_no_cancel_stops_nothing,
];

async fn a_cancel_stops_the_tool_and_nothing_follows(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        for call in [Call::new("hang", "c1"), Call::new("hang", "c2").plain()] {
            stage.call(&call).await?;
            Seen::one("a call that hangs", &stage.seen.begun).await?;
            stage.cancel(&call).await?;
            Seen::one("the end of its tool", &stage.seen.dropped).await?;
            // Nor does its repeat run or get an answer.
            stage.call(&call).await?;
            stage.good_call(&format!("good {}", call.id)).await?;
            assert_eq!(stage.seen.begun.available_permits(), 0);
        }
    }
    Ok(())
}

async fn a_cancel_before_its_call_keeps_it_from_running(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        stage.cancel(&Call::greet("c1")).await?;
        // A broker keeps the order within a topic only: this one comes when the cancel has come, too.
        stage.good_call("good").await?;
        stage.call(&Call::greet("c1")).await?;
        stage.good_call("better").await?;
        stage.good_call("best").await?;
        assert_eq!(stage.seen.greetings(), 3);
    }
    Ok(())
}

async fn a_call_that_waits_is_cancelled(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        let last = Call::new("hang", "last");
        for call in [&last, &Call::new("alone", "first")] {
            stage.call(call).await?;
            Seen::one("a call that is held", &stage.seen.begun).await?;
        }
        let waits = Call::new("alone", "c1");
        stage.call(&waits).await?;
        stage.cancel(&waits).await?;
        stage.cancel(&last).await?;
        // A broker keeps the order within a topic: the other cancel has come, too.
        Seen::one("the end of a call", &stage.seen.dropped).await?;
        stage.call(&Call::new("alone", "c2")).await?;
        stage.seen.gate.add_permits(2);
        assert_eq!(stage.answer().await?.0, "first");
        assert_eq!(stage.answer().await?.0, "c2");
    }
    Ok(())
}

async fn a_cancel_stops_nobody_elses_call(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        let call = Call::new("hold", "c1");
        stage.hold("c1").await?;
        let analyst = stage.broker.raw("analyst").await?;
        // With all that scout knows, as itself; and as scout without the correlation data.
        cancel(&analyst, "analyst", &call).await?;
        let payload = json!({"call_id": "c1", "tool": "hold"}).to_string();
        let ours = namespace().cancel(SERVER, "scout");
        analyst.publish(&ours, payload).await?;
        stage.good_call("good").await?;
        stage.seen.gate.add_permits(1);
        assert_eq!(stage.answer().await?.1["result"], "held");
    }
    Ok(())
}

async fn a_policy_lets_nobody_cancel_in_anothers_name(kind: Kind) -> Result<()> {
    for profile in [Profile::Reference, Profile::Hardened] {
        let (broker, running, _) = protocol::stage(kind, profile).await?;
        let analyst = broker.raw("analyst").await?;
        let cancel = json!({"call_id": "c1", "tool": "hold"}).to_string();
        let theirs = namespace().cancel(SERVER, "scout");
        assert_eq!(
            analyst.publish(&theirs, cancel.clone()).await?,
            Ack::NotAuthorized
        );
        let own = namespace().cancel(SERVER, "analyst");
        assert_eq!(analyst.publish(&own, cancel).await?, Ack::Success);
        running.stop().await?;
    }
    Ok(())
}

async fn what_is_no_cancel_stops_nothing(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        stage.hold("c1").await?;
        let topic = namespace().cancel(SERVER, "scout");
        let right = json!({"call_id": "c1", "tool": "hold"}).to_string();
        for (payload, retain) in [
            (right, true),
            (json!({"call_id": "c1", "tool": "greet"}).to_string(), false),
            ("nonsense".to_owned(), false),
            (String::new(), false),
        ] {
            let properties = Properties {
                correlation_data: Some("c1".into()),
                ..Properties::default()
            };
            stage
                .scout
                .publish_with(&topic, payload, retain, properties)
                .await?;
        }
        stage.good_call("good").await?;
        stage.seen.gate.add_permits(1);
        assert_eq!(stage.answer().await?.1["result"], "held");
    }
    Ok(())
}
