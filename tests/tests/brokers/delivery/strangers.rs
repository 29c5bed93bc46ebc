//! What one caller can do to the calls of another under either profile, knowing all of their ids: nothing.

use anyhow::Result;
use mcp_mqtt::acl::Profile;
use mcp_mqtt::server::Limits;
use mcp_mqtt_tests::raw::{Ack, RawClient};
use mcp_mqtt_tests::{Message, Properties};
use serde_json::json;

use super::{Call, Stage, answer, cancel};
use crate::tools::Seen;
use crate::world::{Kind, WITNESS, mark, namespace, on_each_broker, received};

on_each_broker![
    nobody_cancels_anothers_call,
    nobody_answers_for_the_server_or_reads_anothers_inbox,
    nobody_replays_anothers_call,
    nobody_takes_anothers_id_away,
];

/// A stage for each profile, and on it somebody who may call the same tools.
async fn stages(kind: Kind) -> Result<Vec<(Stage, RawClient)>> {
    let mut stages = Vec::new();
    for profile in [Profile::Reference, Profile::Hardened] {
        let stage = Stage::under(kind, profile, Limits::default()).await?;
        let analyst = stage.broker.raw("analyst").await?;
        analyst.subscribe(&namespace().inbox("analyst")).await?;
        stages.push((stage, analyst));
    }
    Ok(stages)
}

async fn nobody_cancels_anothers_call(kind: Kind) -> Result<()> {
    for (stage, analyst) in stages(kind).await? {
        let call = Call::new("hold", "c1");
        stage.hold("c1").await?;
        let theirs = namespace().cancel(crate::world::SERVER, "scout");
        let payload = json!({"call_id": "c1", "tool": "hold"}).to_string();
        assert_eq!(analyst.publish(&theirs, payload).await?, Ack::NotAuthorized);
        cancel(&analyst, "analyst", &call).await?;
        // Behind it on the same topic: when this one has ended, that one was read.
        let own = Call::new("hang", "own");
        own.send(&analyst, "analyst").await?;
        Seen::one("a call that hangs", &stage.seen.begun).await?;
        cancel(&analyst, "analyst", &own).await?;
        Seen::one("its end", &stage.seen.dropped).await?;
        stage.seen.gate.add_permits(1);
        assert_eq!(stage.answer().await?.1["result"], "held");
    }
    Ok(())
}

async fn nobody_answers_for_the_server_or_reads_anothers_inbox(kind: Kind) -> Result<()> {
    for (stage, analyst) in stages(kind).await? {
        let inbox = namespace().inbox("scout");
        // Mosquitto grants them all, and delivers the mark alone.
        for filter in [&mark("analyst"), &inbox, "#"] {
            let _ = analyst.subscribe(filter).await?;
        }
        stage.hold("c1").await?;
        let forged = json!({"call_id": "c1", "status": "ok", "result": "forged"}).to_string();
        let properties = Properties {
            correlation_data: Some("c1".into()),
            ..Properties::default()
        };
        let sent = analyst.publish_with(&inbox, forged, false, properties);
        assert_eq!(sent.await?, Ack::NotAuthorized);
        stage.seen.gate.add_permits(1);
        assert_eq!(stage.answer().await?.1["result"], "held");
        let witness = stage.broker.raw(WITNESS).await?;
        let read = received(&witness, "analyst", &analyst).await?;
        let responses = |message: &&Message| message.topic == inbox;
        assert_eq!(read.iter().filter(responses).count(), 0, "{read:?}");
    }
    Ok(())
}

async fn nobody_replays_anothers_call(kind: Kind) -> Result<()> {
    for (stage, analyst) in stages(kind).await? {
        stage.good_call("c1").await?;
        let call = Call::greet("c1");
        let bound = namespace().bound_call("greet", "scout");
        let payload = json!({"call_id": "c1", "client": "scout", "arguments": call.arguments});
        assert_eq!(
            analyst.publish(&bound, payload.to_string()).await?,
            Ack::NotAuthorized
        );
        // On its own topic it is a call of its own.
        call.send(&analyst, "analyst").await?;
        assert_eq!(answer(&analyst).await?.1["result"], "Hello, Ann!");
        assert_eq!(stage.seen.greetings(), 2);
        // Nothing came to scout meanwhile: the next message is the answer to the next call.
        stage.good_call("c2").await?;
    }
    Ok(())
}

async fn nobody_takes_anothers_id_away(kind: Kind) -> Result<()> {
    for (stage, analyst) in stages(kind).await? {
        // First with another payload, and cancelled before it comes.
        let mut other = Call::greet("c1");
        other.arguments = json!({"name": "Eve"});
        other.send(&analyst, "analyst").await?;
        assert_eq!(answer(&analyst).await?.1["result"], "Hello, Eve!");
        cancel(&analyst, "analyst", &Call::greet("c2")).await?;
        for id in ["c1", "c2"] {
            stage.good_call(id).await?;
        }
    }
    Ok(())
}
