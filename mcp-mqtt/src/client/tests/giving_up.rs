//! Calls that are given up, and what the server is told of it.

use super::*;
use crate::mqtt::Message;
use crate::wire::TraceContext;

const FILTERS: [&str; 2] = ["tools/greet/call/#", "servers/hello/cancel/+"];

async fn cancels(server: &Script) -> Message {
    until(|| server.topics().iter().any(|t| t.contains("cancel"))).await;
    server.received().pop().unwrap()
}

/// That `cancel` cancels the call that came first.
fn is_of(cancel: &Message, server: &Script) {
    let call = &server.received()[0];
    assert_eq!(cancel.topic, "demo/mcp/servers/hello/cancel/scout");
    assert_eq!(
        cancel.properties.correlation_data,
        call.properties.correlation_data
    );
    let id = |m: &Message| {
        let payload: Value = serde_json::from_slice(&m.payload).unwrap();
        payload["call_id"].clone()
    };
    assert_eq!(id(cancel), id(call));
    let read = crate::wire::Cancel::parse(&cancel.payload).unwrap();
    assert_eq!(read.tool, "greet");
    assert_eq!(cancel.qos, crate::mqtt::Qos::AtMostOnce);
    assert!(!cancel.retain);
    assert!(cancel.properties.message_expiry.is_some_and(|s| s >= 1));
}

#[tokio::test]
async fn a_dropped_call_is_cancelled() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &FILTERS, |_| {}).await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    let call = tokio::spawn(client.call("greet", json!({})).into_future());
    until(|| !server.topics().is_empty()).await;
    call.abort();
    is_of(&cancels(&server).await, &server);
}

#[tokio::test]
async fn a_call_that_is_not_answered_in_time_is_cancelled() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &FILTERS, |_| {}).await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    let call = client
        .call("greet", json!({}))
        .timeout(Duration::from_millis(300));
    soon(call).await.unwrap_err();
    is_of(&cancels(&server).await, &server);
}

#[tokio::test]
async fn what_was_answered_not_sent_or_went_to_another_kind_of_server_is_not_cancelled() {
    let broker = Mosquitto::start();
    let filters = ["tools/+/call/#", "servers/hello/cancel/+"];
    let server = Script::start(&broker, &filters, |call| {
        if call.message.topic.contains("greet") {
            call.ok(json!("hi"));
        }
    })
    .await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    soon(client.call("greet", json!({}))).await.unwrap();
    drop(client.call("greet", json!({})));
    server.tool_card("count", "online", Value::Null).await;
    let call = client
        .call("count", json!({}))
        .timeout(Duration::from_millis(300));
    soon(call).await.unwrap_err();
    // Behind whatever a cancel would have been.
    soon(client.call("greet", json!({}))).await.unwrap();
    assert!(!server.topics().iter().any(|t| t.contains("cancel")));
}

#[tokio::test]
async fn a_trace_goes_along_and_a_faulty_one_stops_nothing() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &FILTERS, |call| call.ok(Value::Null)).await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let traced = |parent: &str| {
        let trace = TraceContext::parse(parent, Some("a=1"));
        let call = client.call("greet", json!({}));
        call.trace_context(trace.as_ref())
    };
    soon(traced(parent)).await.unwrap();
    soon(traced("nonsense")).await.unwrap();
    let user = |n: usize| server.received()[n].properties.user.clone();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        user(0)[2..],
        [pair("traceparent", parent), pair("tracestate", "a=1")]
    );
    assert_eq!(user(1).len(), 2);
}
