//! Payloads that are no call, or nearly none.

use anyhow::Result;
use serde_json::{Value, json};

use super::stage::{Due, MAX_PAYLOAD, Shot, Stage, good};
use crate::world::{Kind, on_each_broker};

on_each_broker![
    what_is_no_call_is_answered_with_its_place,
    ids_are_bounded_and_echoed_as_they_are,
    an_answer_needs_an_id_or_correlation_data,
];

async fn what_is_no_call_is_answered_with_its_place(kind: Kind) -> Result<()> {
    let whole = || Due::Invalid(&[""]);
    let deep = format!(
        r#"{{"call_id":"1","arguments":{{"name":{}1{}}}}}"#,
        "[".repeat(5000),
        "]".repeat(5000)
    );
    let twice = r#"{"call_id":"1","arguments":{"name":"a"},"arguments":{"name":"b"}}"#;
    for stage in Stage::both(kind).await? {
        stage
            .fire_all([
                Shot::new("empty", "", whole()),
                Shot::new("no JSON", "nonsense", whole()),
                Shot::new("half of an object", "{\"call_id\":\"1\"", whole()),
                Shot::new("more than an object", "{\"call_id\":\"1\"} {}", whole()),
                Shot::new("a list", "[]", whole()),
                Shot::new("a text", "\"greet\"", whole()),
                Shot::new("null", "null", whole()),
                Shot::new("binary", vec![0, 159, 146, 150], whole()),
                Shot::new("no UTF-8", b"{\"call_id\":\"\xff\"}".to_vec(), whole()),
                Shot::new("a member twice", twice, whole()),
                Shot::new("too deep", deep.clone(), whole()),
                Shot::new("too large", vec![b' '; MAX_PAYLOAD + 1], whole()),
                Shot::new(
                    "arguments that are a list",
                    with("/arguments", json!([])),
                    Due::Invalid(&["/arguments"]),
                ),
                Shot::new(
                    "another tool",
                    with("/tool", json!("count")),
                    Due::Invalid(&["/tool"]),
                ),
                Shot::new(
                    "a tool that is no text",
                    with("/tool", json!(7)),
                    Due::Invalid(&["/tool"]),
                ),
                Shot::new(
                    "somebody else",
                    with("/client", json!("analyst")),
                    Due::Invalid(&["/client"]),
                ),
            ])
            .await?;
    }
    Ok(())
}

async fn ids_are_bounded_and_echoed_as_they_are(kind: Kind) -> Result<()> {
    for stage in Stage::both(kind).await? {
        for id in [
            json!(7),
            json!(null),
            json!([]),
            json!(""),
            json!("x".repeat(129)),
            json!("ä".repeat(65)),
        ] {
            let name = format!("id {id}");
            stage
                .fire(Shot::new(
                    name,
                    with("/call_id", id),
                    Due::Invalid(&["/call_id"]),
                ))
                .await?;
        }
        for id in [
            "+",
            "#",
            "a/b",
            "\0",
            "{$self}",
            "../..",
            "ä",
            &"x".repeat(128),
        ] {
            let greeting = Due::Result(json!("Hello, Ann!"));
            let call = with("/call_id", json!(id));
            stage
                .fire(Shot::new(format!("id {id:?}"), call, greeting))
                .await?;
            // A stream topic with this id would end the server's connection, or be somebody else's.
            let mut count = good();
            count["call_id"] = json!(id);
            count["arguments"] = json!({"n": 2});
            let shot = Shot::new(
                format!("stream of {id:?}"),
                count.to_string(),
                Due::Result(json!(2)),
            );
            if id.len() < 128 {
                stage
                    .fire(shot.at(|ns| ns.bound_call("count", "scout")))
                    .await?;
            }
        }
    }
    Ok(())
}

async fn an_answer_needs_an_id_or_correlation_data(kind: Kind) -> Result<()> {
    let greeting = || Due::Result(json!("Hello, Ann!"));
    for stage in Stage::both(kind).await? {
        let blind = |shot: Shot| shot.properties(|p| p.correlation_data = None);
        stage
            .fire_all([
                blind(Shot::call("no correlation data", greeting())),
                blind(Shot::new("neither", "nonsense", Due::Silence)),
                blind(Shot::new(
                    "nor a valid id",
                    with("/call_id", json!(7)),
                    Due::Silence,
                )),
                blind(Shot::new(
                    "an id, bad arguments",
                    with("/arguments", json!(7)),
                    Due::Invalid(&["/arguments"]),
                )),
                Shot::new("no properties", with("/call_id", json!("c2")), greeting())
                    .properties(|p| *p = Default::default()),
            ])
            .await?;
    }
    Ok(())
}

/// A call in order with one member of another value.
fn with(pointer: &str, value: Value) -> String {
    let mut call = good();
    call[pointer.trim_start_matches('/')] = value;
    call.to_string()
}
