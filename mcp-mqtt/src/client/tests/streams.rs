//! Partial results, by inbox and by stream topic.

use super::*;
use crate::mqtt::Published;

async fn read(mut call: CallStream) -> (Vec<Value>, Result<Value, CallError>) {
    let mut partials = Vec::new();
    while let Some(partial) = soon(call.next()).await {
        partials.push(partial);
    }
    assert_eq!(call.missed(), 0);
    (partials, soon(call.result()).await)
}

#[tokio::test]
async fn a_server_with_inbox_delivery_streams_to_the_inbox() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/count/call/#"], |call| {
        assert!(call.wants_inbox());
        call.respond(&json!({"call_id": call.call_id(), "status": "accepted", "instance": "i"}));
        call.respond(&call.partial(1, json!({"at": 1})));
        call.respond(
            &json!({"call_id": call.call_id(), "seq": 2, "type": "partial", "content": "two"}),
        );
        call.respond(&call.done(3));
        call.ok(json!(2));
    })
    .await;
    server.announce("count", ours()).await;
    let client = connect(&broker, "scout").await;
    let (partials, result) = read(client.call_streamed("count", json!({"n": 2}))).await;
    assert_eq!(partials, [json!({"at": 1}), json!("two")]);
    assert_eq!(result.unwrap(), 2);
    assert_eq!(client.ignored(), 0);
}

#[tokio::test]
async fn a_server_without_inbox_delivery_streams_to_the_stream_topic_until_the_call_ends() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/count/call"], |call| {
        assert!(!call.wants_inbox());
        let topic = format!("tools/count/stream/{}", call.call_id());
        for seq in 1..=3 {
            call.publish(&topic, &call.partial(seq, json!(seq)));
        }
        call.publish(
            &topic,
            &json!({"call_id": "other", "seq": 4, "type": "partial", "data": "forged"}),
        );
        call.publish(
            &topic,
            &json!({"call_id": call.call_id(), "status": "ok", "result": "forged"}),
        );
        call.publish(&topic, &call.done(5));
        call.ok(json!("end"));
    })
    .await;
    server.announce("count", Value::Null).await;
    let client = connect(&broker, "scout").await;
    let (partials, result) = read(client.call_streamed("count", json!({}))).await;
    assert_eq!(partials, [json!(1), json!(2), json!(3)]);
    assert_eq!(result.unwrap(), "end");
    // The next call is behind the UNSUBSCRIBE on the same connection.
    soon(client.call("count", json!({}))).await.unwrap();
    let payload: Value = serde_json::from_slice(&server.received()[0].payload).unwrap();
    let topic = format!(
        "tools/count/stream/{}",
        payload["call_id"].as_str().unwrap()
    );
    assert_eq!(server.publish(&topic, "{}").await, Published::NoSubscriber);
}

#[tokio::test]
async fn without_a_card_partial_results_come_from_either_kind_of_server() {
    let broker = Mosquitto::start();
    let _ours = Script::start(&broker, &["tools/ours/call/#"], |call| {
        assert!(call.wants_inbox());
        call.respond(&call.partial(1, json!("inbox")));
        call.ok(Value::Null);
    })
    .await;
    let _theirs = Script::start(&broker, &["tools/theirs/call"], |call| {
        let topic = format!("tools/theirs/stream/{}", call.call_id());
        call.publish(&topic, &call.partial(1, json!("topic")));
        call.ok(Value::Null);
    })
    .await;
    let client = connect(&broker, "scout").await;
    assert_eq!(
        read(client.call_streamed("ours", json!({}))).await.0,
        ["inbox"]
    );
    assert_eq!(
        read(client.call_streamed("theirs", json!({}))).await.0,
        ["topic"]
    );
}

#[tokio::test]
async fn beside_inbox_delivery_and_on_retained_messages_the_stream_topic_counts_for_nothing() {
    let broker = Mosquitto::start();
    let _server = Script::start(
        &broker,
        &["tools/ours/call/#", "tools/theirs/call"],
        |call| {
            let tool = if call.message.topic.contains("/ours/") {
                "ours"
            } else {
                "theirs"
            };
            let topic = format!("tools/{tool}/stream/{}", call.call_id());
            if tool == "ours" {
                call.respond(&call.partial(1, json!("inbox")));
            } else {
                call.retain(&topic, &call.partial(1, json!("retained")));
            }
            call.publish(&topic, &call.partial(2, json!("topic")));
            call.ok(Value::Null);
        },
    )
    .await;
    // Without cards the client listens on both.
    let client = connect(&broker, "scout").await;
    let ours = read(client.call_streamed("ours", json!({}))).await;
    assert_eq!(ours.0, ["inbox"]);
    let theirs = read(client.call_streamed("theirs", json!({}))).await;
    assert_eq!(theirs.0, ["topic"]);
}

#[tokio::test]
async fn partial_results_before_an_error_are_not_lost() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/count/call/#"], |call| {
        call.respond(&call.partial(1, json!(1)));
        call.error(json!({"type": "tool_error", "message": "boom"}));
    })
    .await;
    server.announce("count", ours()).await;
    let client = connect(&broker, "scout").await;
    let (partials, result) = read(client.call_streamed("count", json!({}))).await;
    assert_eq!(partials, [1]);
    assert!(matches!(result, Err(CallError::Tool { .. })));
}

#[tokio::test]
async fn a_slow_reader_misses_the_oldest_and_still_gets_the_result() {
    let broker = Mosquitto::start();
    let server = Script::start(
        &broker,
        &["tools/count/call/#", "tools/idle/call/#"],
        |call| {
            if call.message.topic.contains("count") {
                for seq in 1..=300 {
                    call.respond(&call.partial(seq, json!(seq)));
                }
            }
            call.ok(json!("end"));
        },
    )
    .await;
    server.announce("count", ours()).await;
    server.announce("idle", ours()).await;
    let client = connect(&broker, "scout").await;
    // So that the next call is published when it is first polled.
    soon(client.call("count", json!({}))).await.unwrap();
    let mut call = client.call_streamed("count", json!({}));
    assert!(futures_util::FutureExt::now_or_never(call.next()).is_none());
    // What the server sent before its answer to this one has arrived then.
    soon(client.call("idle", json!({}))).await.unwrap();
    let mut partials = Vec::new();
    while let Some(partial) = soon(call.next()).await {
        partials.push(partial);
    }
    assert_eq!(
        call.missed(),
        45,
        "256 messages were kept, one of them the response"
    );
    assert_eq!(partials.first(), Some(&json!(46)));
    assert_eq!(partials.last(), Some(&json!(300)));
    assert_eq!(soon(call.result()).await.unwrap(), "end");
}

#[tokio::test]
async fn a_call_without_streaming_ignores_partial_results() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/count/call/#"], |call| {
        call.respond(&call.partial(1, json!(1)));
        call.ok(json!("end"));
    })
    .await;
    server.announce("count", ours()).await;
    let client = connect(&broker, "scout").await;
    assert_eq!(soon(client.call("count", json!({}))).await.unwrap(), "end");
    let streamed = client.call_streamed("count", json!({}));
    drop(streamed);
}
