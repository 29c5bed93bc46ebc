//! Where an answer may go: to the inbox of the caller of this call, and nowhere else.

use anyhow::Result;
use serde_json::json;

use super::stage::{Due, Shot, Stage, good};
use crate::world::{Kind, NAMESPACE, SERVER, namespace, on_each_broker};

on_each_broker![
    a_foreign_response_topic_gets_nothing,
    a_foreign_response_topic_in_the_payload_gets_nothing,
    on_the_plain_topic_the_payload_names_the_caller,
    topics_that_are_nearly_calls_are_ignored,
];

fn foreign_topics() -> Vec<String> {
    let ns = namespace();
    let mut topics = vec![
        ns.inbox("analyst"),
        ns.inbox("+"),
        ns.inbox("scout") + "/more",
        ns.inbox("scout").to_uppercase(),
        ns.tool_card("greet"),
        ns.server_card(SERVER),
        ns.stream("count", "c1"),
        ns.bound_call("greet", "analyst"),
        ns.cancel(SERVER, "scout"),
        "plant/b/mcp/clients/scout/responses".to_owned(),
        format!("{NAMESPACE}/mcp/clients/#"),
    ];
    topics.extend(["", "#", "+", "/", "$SYS/broker", "elsewhere/too", "a\0b"].map(str::to_owned));
    topics
}

async fn a_foreign_response_topic_gets_nothing(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind).await? {
        for topic in foreign_topics() {
            let name = format!("response topic {topic:?}");
            let shot = Shot::call(&name, Due::Silence);
            stage
                .fire(shot.properties(|p| p.response_topic = Some(topic.clone())))
                .await?;
            // What is no call has no better right.
            let shot = Shot::new(&name, "nonsense", Due::Silence);
            stage
                .fire(shot.properties(|p| p.response_topic = Some(topic)))
                .await?;
        }
    }
    Ok(())
}

async fn a_foreign_response_topic_in_the_payload_gets_nothing(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind).await? {
        for topic in foreign_topics() {
            let mut call = good();
            call["response_topic"] = json!(topic);
            let shot = Shot::new(
                format!("payload names {topic:?}"),
                call.to_string(),
                Due::Silence,
            );
            stage
                .fire(shot.properties(|p| p.response_topic = None))
                .await?;
        }
        let mut call = good();
        call["response_topic"] = json!(namespace().inbox("scout"));
        let shot = Shot::new(
            "payload names the inbox",
            call.to_string(),
            Due::Result(json!("Hello, Ann!")),
        );
        stage
            .fire(shot.properties(|p| p.response_topic = None))
            .await?;
    }
    Ok(())
}

async fn on_the_plain_topic_the_payload_names_the_caller(kind: Kind) -> Result<()> {
    let greeting = || Due::Result(json!("Hello, Ann!"));
    let plain = |name: &str, client: serde_json::Value, due| {
        let mut call = good();
        call["client"] = client;
        Shot::new(name, call.to_string(), due).at(|ns| ns.call("greet"))
    };
    for stage in Stage::both(kind).await? {
        stage
            .fire_all([
                plain("scout", json!("scout"), greeting()),
                plain(
                    "analyst, to the inbox of scout",
                    json!("analyst"),
                    Due::Silence,
                ),
                plain("nobody", json!(null), Due::Silence),
                plain("a number", json!(7), Due::Silence),
                plain("no name", json!("a/b"), Due::Silence),
                plain("a wildcard", json!("+"), Due::Silence),
                plain("", json!(""), Due::Silence),
                plain("a reserved name", json!("scout-sub"), Due::Silence),
                Shot::new("no call, to an inbox", "nonsense", Due::Invalid(&[""]))
                    .at(|ns| ns.call("greet")),
                Shot::new("no call, to nowhere", "nonsense", Due::Silence)
                    .at(|ns| ns.call("greet"))
                    .properties(|p| p.response_topic = None),
            ])
            .await?;
    }
    Ok(())
}

async fn topics_that_are_nearly_calls_are_ignored(kind: Kind) -> Result<()> {
    let bound = || namespace().bound_call("greet", "scout");
    for stage in Stage::both(kind).await? {
        for topic in [
            bound() + "/more",
            bound() + "/",
            namespace().call("greet") + "/",
            namespace().call("greet") + "/a b",
            namespace().call("greet") + "/@scout",
            namespace().call("greet") + "/scout-sub",
            namespace().bound_call("unknown", "scout"),
            namespace().bound_call("Greet", "scout"),
        ] {
            let shot = Shot::call("nearly a call", Due::Silence);
            stage.fire(shot.at(|_| topic)).await?;
        }
    }
    Ok(())
}
