//! Arguments that break the schema: every fault is told by its pointer, and the handler never runs.

use anyhow::Result;
use serde_json::{Value, json};

use super::stage::{Due, Shot, Stage, good};
use crate::world::{Kind, on_each_broker};

on_each_broker![violations_are_told_by_pointer];

async fn violations_are_told_by_pointer(kind: Kind) -> Result<()> {
    let many: serde_json::Map<_, _> = (0..400).map(|n| (format!("x{n}"), json!(n))).collect();
    for stage in Stage::both(kind).await? {
        stage
            .fire_all([
                broken("nothing", json!({}), &["/name"]),
                broken("wrong type", json!({"name": 7}), &["/name"]),
                broken("pattern", json!({"name": "a b"}), &["/name"]),
                broken("too short", json!({"name": ""}), &["/name"]),
                broken("too long", json!({"name": "x".repeat(41)}), &["/name"]),
                broken("minimum", json!({"name": "Ann", "times": 0}), &["/times"]),
                broken("maximum", json!({"name": "Ann", "times": 10}), &["/times"]),
                broken(
                    "fraction",
                    json!({"name": "Ann", "times": 1.5}),
                    &["/times"],
                ),
                broken("unknown", json!({"name": "Ann", "a/b~c": 1}), &["/a~1b~0c"]),
                broken(
                    "all at once",
                    json!({"name": "a b", "times": 0}),
                    &["/name", "/times"],
                ),
            ])
            .await?;
        // An answer is bounded, whatever the question.
        let error = stage.scout.call("greet", &many).await.map(drop);
        let text = error
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(text.len() < 16 * 1024 && text.contains("/x0"), "{text}");
        stage.good_call().await?;
    }
    Ok(())
}

fn broken(name: &str, arguments: Value, pointers: &'static [&'static str]) -> Shot {
    let mut call = good();
    call["arguments"] = arguments;
    Shot::new(name, call.to_string(), Due::Invalid(pointers))
}
