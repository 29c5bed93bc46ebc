//! Which topic a call takes, with and without cards, on a broker that lets everybody do everything.

use super::*;

#[tokio::test]
async fn a_card_without_bound_is_called_on_the_plain_topic() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(Value::Null)
    })
    .await;
    server.announce("greet", Value::Null).await;
    let client = connect(&broker, "scout").await;
    for _ in 0..2 {
        soon(client.call("greet", json!({}))).await.unwrap();
    }
    assert_eq!(server.topics(), ["tools/greet/call", "tools/greet/call"]);
}

#[tokio::test]
async fn without_a_card_the_bound_topic_is_tried_first() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(Value::Null)
    })
    .await;
    let client = connect(&broker, "scout").await;
    soon(client.call("greet", json!({}))).await.unwrap();
    assert_eq!(server.topics(), ["tools/greet/call/scout"]);
}

#[tokio::test]
async fn without_a_card_and_a_subscriber_of_the_bound_topic_the_plain_one_is_tried() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call"], |call| call.ok(Value::Null)).await;
    let client = connect(&broker, "scout").await;
    soon(client.call("greet", json!({}))).await.unwrap();
    assert_eq!(server.topics(), ["tools/greet/call"]);
}

#[tokio::test]
async fn a_late_card_without_bound_sends_the_call_on_when_only_a_listener_had_it() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call"], |call| {
        call.ok(json!("late"))
    })
    .await;
    // Publishes the card as soon as it overhears the call, as a server that starts just then does.
    let _listener = Script::start_as(&broker, "listener", &["#"], |overheard| {
        if overheard.message.topic.ends_with("/call/scout") {
            let card = tool_json("greet", "hello", "online", Value::Null);
            overheard.publish("tools/greet/card", &card);
        }
    })
    .await;
    let client = connect(&broker, "scout").await;
    assert_eq!(soon(client.call("greet", json!({}))).await.unwrap(), "late");
    assert_eq!(server.topics(), ["tools/greet/call"]);
}

#[tokio::test]
async fn a_call_that_a_server_without_card_took_is_not_published_again() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        // The card comes while the call runs, and says that it was right.
        call.publish(
            "tools/greet/card",
            &tool_json("greet", "hello", "online", ours()),
        );
        call.publish("servers/hello/card", &server_json("hello", "online"));
        call.ok(Value::Null);
    })
    .await;
    let client = connect(&broker, "scout").await;
    soon(client.call("greet", json!({}))).await.unwrap();
    assert_eq!(server.topics(), ["tools/greet/call/scout"]);
}

#[tokio::test]
async fn nobody_there_is_unavailable_and_safe_to_repeat() {
    let broker = Mosquitto::start();
    let client = connect(&broker, "scout").await;
    let error = soon(client.call("greet", json!({}))).await.unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Unavailable {
                outcome: Outcome::NotRun,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("0x10"), "{error}");
}

#[tokio::test]
async fn a_listener_for_everything_does_not_make_a_tool_available() {
    let broker = Mosquitto::start();
    let listener = Script::start_as(&broker, "listener", &["#"], |_| {}).await;
    let client = connect(&broker, "scout").await;
    let start = std::time::Instant::now();
    let error = soon(client.call("greet", json!({}))).await.unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Unavailable {
                outcome: Outcome::Unknown,
                ..
            }
        ),
        "{error}"
    );
    assert!(start.elapsed() >= Duration::from_millis(250));
    assert_eq!(
        listener.topics(),
        ["tools/greet/call/scout"],
        "it was published once"
    );
}

#[tokio::test]
async fn a_card_whose_subscribers_are_gone_is_unavailable() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &[], |_| {}).await;
    for extra in [ours(), Value::Null] {
        server.announce("greet", extra).await;
        let client = connect(&broker, "scout").await;
        let error = soon(client.call("greet", json!({}))).await.unwrap_err();
        assert!(
            matches!(
                error,
                CallError::Unavailable {
                    outcome: Outcome::NotRun,
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_offline_tool_or_server_is_not_called_at_all() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(Value::Null)
    })
    .await;
    server.announce("greet", ours()).await;
    let clients = [
        connect(&broker, "scout").await,
        connect(&broker, "analyst").await,
    ];
    soon(clients[0].call("greet", json!({}))).await.unwrap();

    server.server_card("offline").await;
    for client in &clients {
        // The first client is told by a live card, the second by the retained one.
        let error = until_unavailable(client).await;
        assert!(error.to_string().contains("offline"), "{error}");
        assert_eq!(error.outcome(), Outcome::NotRun);
    }
    let before = server.topics().len();
    server.server_card("online").await;
    server.tool_card("greet", "offline", ours()).await;
    for client in &clients {
        until_unavailable(client).await;
    }
    server.tool_card("greet", "online", ours()).await;
    let third = connect(&broker, "third").await;
    soon(third.call("greet", json!({}))).await.unwrap();
    assert!(server.topics().len() > before);
}

/// Cards reach a client a moment after the server's PUBACK.
async fn until_unavailable(client: &Client) -> CallError {
    let calling = async {
        loop {
            match client.call("greet", json!({})).await {
                Ok(_) => {}
                Err(error) => break error,
            }
        }
    };
    let error = soon(calling).await;
    assert!(matches!(error, CallError::Unavailable { .. }), "{error}");
    error
}

#[tokio::test]
async fn hostile_cards_do_not_change_the_way_of_a_call() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(Value::Null)
    })
    .await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    soon(client.call("greet", json!({}))).await.unwrap();
    let other = tool_json("other", "hello", "offline", Value::Null).to_string();
    let wide = tool_json("greet", "+", "online", Value::Null).to_string();
    for payload in [
        "nonsense",
        "{}",
        &"[".repeat(50_000),
        &other,
        &wide,
        &"x".repeat(300_000),
    ] {
        server.publish("tools/greet/card", payload).await;
    }
    soon(client.call("greet", json!({}))).await.unwrap();
    assert_eq!(server.topics(), ["tools/greet/call/scout"; 2]);
    assert_eq!(client.ignored(), 6);
}
