//! What is sent again, and what never is.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::mqtt::Message;

/// What a server announces of a tool that may run twice.
fn repeatable() -> Value {
    json!({"bound": true, "inbox": true, "read_only": true, "delivery": "at_least_once"})
}

/// The same of one that may not.
fn once() -> Value {
    json!({"bound": true, "inbox": true, "delivery": "at_most_once_per_delivery"})
}

/// A server that turns away the first `times` calls.
async fn busy(broker: &Mosquitto, times: usize) -> Script {
    let seen = AtomicUsize::new(0);
    Script::start(broker, &["tools/greet/call/#"], move |call| {
        if seen.fetch_add(1, Ordering::Relaxed) < times {
            call.error(json!({"type": "unavailable", "message": "full", "retry_after_ms": 60}));
        } else {
            call.ok(json!("hi"));
        }
    })
    .await
}

/// That the same call was sent so many times, as a server tells a call from another.
fn same(received: &[Message], times: usize) {
    assert_eq!(received.len(), times);
    for message in received {
        assert_eq!(message.payload, received[0].payload);
        assert_eq!(message.topic, received[0].topic);
        let correlation = |m: &Message| m.properties.correlation_data.clone().unwrap();
        assert_eq!(correlation(message), correlation(&received[0]));
    }
}

fn left(message: &Message) -> u64 {
    message.properties.user[0].1.parse().unwrap()
}

#[tokio::test]
async fn a_server_that_is_full_is_asked_again_when_it_says() {
    let broker = Mosquitto::start();
    let server = busy(&broker, 2).await;
    server.announce("greet", repeatable()).await;
    let client = connect(&broker, "scout").await;
    let start = std::time::Instant::now();
    assert_eq!(soon(client.call("greet", json!({}))).await.unwrap(), "hi");
    assert!(start.elapsed() >= Duration::from_millis(120));
    let received = server.received();
    same(&received, 3);
    // Each attempt has what is left of the time.
    assert!(left(&received[1]) <= left(&received[0]) - 60);
    assert!(left(&received[2]) <= left(&received[1]) - 60);
}

#[tokio::test]
async fn what_may_not_run_twice_or_is_not_to_be_sent_again_is_sent_once() {
    let broker = Mosquitto::start();
    let server = busy(&broker, usize::MAX).await;
    let stubborn = soon(describe(&broker, "scout").retry(false).connect())
        .await
        .unwrap();
    let client = connect(&broker, "scout").await;
    let unavailable = |error: CallError| {
        assert!(matches!(error, CallError::Unavailable { .. }), "{error}");
        assert_eq!(error.outcome(), Outcome::NotRun);
    };
    server.announce("greet", once()).await;
    unavailable(soon(client.call("greet", json!({}))).await.unwrap_err());
    server.announce("greet", repeatable()).await;
    let client = connect(&broker, "scout").await;
    let call = client.call("greet", json!({})).retry(false);
    unavailable(soon(call).await.unwrap_err());
    unavailable(soon(stubborn.call("greet", json!({}))).await.unwrap_err());
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn the_last_refusal_says_how_often_the_call_was_sent() {
    let broker = Mosquitto::start();
    let server = busy(&broker, usize::MAX).await;
    server.announce("greet", repeatable()).await;
    let client = connect(&broker, "scout").await;
    let call = client
        .call("greet", json!({}))
        .timeout(Duration::from_millis(400));
    let error = soon(call).await.unwrap_err();
    assert!(matches!(error, CallError::Unavailable { .. }), "{error}");
    assert!(
        error.to_string().contains("full (it was sent again "),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::NotRun);
}

#[tokio::test]
async fn a_server_whose_card_says_online_is_waited_for() {
    let broker = Mosquitto::start();
    let early = Script::start(&broker, &[], |_| {}).await;
    early.announce("greet", repeatable()).await;
    let client = connect(&broker, "scout").await;
    let call = tokio::spawn(client.call("greet", json!({})).into_future());
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(json!("hi"));
    })
    .await;
    assert_eq!(soon(call).await.unwrap().unwrap(), "hi");
    same(&server.received(), 1);
    // One that is not to come is not waited for.
    early.announce("other", once()).await;
    let error = soon(client.call("other", json!({}))).await.unwrap_err();
    assert!(error.to_string().contains("0x10"), "{error}");
}

#[tokio::test]
async fn a_call_whose_process_died_is_sent_again() {
    let broker = Mosquitto::start();
    let seen = AtomicUsize::new(0);
    let server = Script::start(&broker, &["tools/greet/call/#"], move |call| {
        if seen.fetch_add(1, Ordering::Relaxed) == 0 {
            call.accept("a");
            call.gone("a");
        } else {
            call.ok(json!("hi"));
        }
    })
    .await;
    server.instance("a", "online").await;
    server.instance("b", "online").await;
    server.announce("greet", repeatable()).await;
    let client = connect(&broker, "scout").await;
    assert_eq!(soon(client.call("greet", json!({}))).await.unwrap(), "hi");
    same(&server.received(), 2);
}

#[tokio::test]
async fn a_call_that_was_lost_with_the_session_is_sent_again() {
    let mut broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |_| {}).await;
    server.announce("greet", repeatable()).await;
    let client = connect(&broker, "scout").await;
    let call = tokio::spawn(client.call("greet", json!({})).into_future());
    until(|| !server.topics().is_empty()).await;
    broker.kill();
    broker.restart();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(json!("hi"));
    })
    .await;
    server.announce("greet", repeatable()).await;
    assert_eq!(soon(call).await.unwrap().unwrap(), "hi");
}
