//! Whoever asks for it is told that a call is held, and nobody else.

use anyhow::Result;
use mcp_mqtt::server::Limits;

use super::{Call, Stage};
use crate::tools::Seen;
use crate::world::{Kind, on_each_broker};

on_each_broker![
    who_asks_is_told_that_a_call_is_held,
    who_does_not_ask_gets_the_response_alone,
    who_is_answered_soon_is_told_nothing_else,
];

async fn who_asks_is_told_that_a_call_is_held(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default().max_in_flight(1)).await? {
        let asking = |tool, id: &str| Call::new(tool, id).property("mcp-mqtt-inbox", 1);
        stage.call(&asking("hold", "runs")).await?;
        Seen::one("a call that is held", &stage.seen.begun).await?;
        stage.call(&asking("hold", "waits")).await?;
        let mut instances = Vec::new();
        for id in ["runs", "waits"] {
            let (correlation, json) = stage.answer().await?;
            assert_eq!(correlation, id);
            assert_eq!(
                (&json["call_id"], &json["status"]),
                (&id.into(), &"accepted".into())
            );
            instances.push(json["instance"].clone());
        }
        assert!(instances[0].is_string() && instances[0] == instances[1]);
        stage.seen.gate.add_permits(2);
        for id in ["runs", "waits"] {
            let (correlation, json) = stage.answer().await?;
            assert_eq!(
                (correlation.as_str(), &json["result"]),
                (id, &"held".into())
            );
        }
    }
    Ok(())
}

async fn who_does_not_ask_gets_the_response_alone(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        stage.hold("silent").await?;
        // When this one is told, the other would have been.
        stage
            .call(&Call::new("hold", "asks").property("mcp-mqtt-inbox", 1))
            .await?;
        assert_eq!(stage.answer().await?.0, "asks");
        stage.seen.gate.add_permits(2);
        for _ in 0..2 {
            assert_eq!(stage.answer().await?.1["result"], "held");
        }
    }
    Ok(())
}

async fn who_is_answered_soon_is_told_nothing_else(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind, Limits::default()).await? {
        stage
            .call(&Call::greet("c1").property("mcp-mqtt-inbox", 1))
            .await?;
        assert_eq!(stage.answer().await?.1["status"], "ok");
        stage
            .call(&Call::new("hang", "c2").property("mcp-mqtt-inbox", 1))
            .await?;
        assert_eq!(stage.answer().await?.1["status"], "accepted");
        assert_eq!(stage.answer().await?.1["error"]["type"], "timeout");
        stage.good_call("good").await?;
    }
    Ok(())
}
