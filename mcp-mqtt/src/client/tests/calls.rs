//! Calls that reach a server: what is sent, and what comes back.

use super::*;

#[tokio::test]
async fn a_call_carries_what_the_wire_format_says() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(json!("hi"))
    })
    .await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    let call = client
        .call("greet", json!({"name": "Ann"}))
        .timeout(Duration::from_millis(4_100));
    assert_eq!(soon(call).await.unwrap(), "hi");

    let received = server.received();
    let [message] = received.as_slice() else {
        panic!("{received:?}")
    };
    assert_eq!(message.topic, "demo/mcp/tools/greet/call/scout");
    assert!(!message.retain);
    let properties = &message.properties;
    assert_eq!(properties.correlation_data.as_ref().unwrap().len(), 16);
    assert_eq!(
        properties.response_topic.as_deref(),
        Some("demo/mcp/clients/scout/responses")
    );
    assert_eq!(properties.content_type.as_deref(), Some("application/json"));
    assert!(
        properties
            .message_expiry
            .is_some_and(|s| (4..=5).contains(&s))
    );
    let (name, left) = &properties.user[0];
    assert_eq!(name, "mcp-mqtt-timeout-ms");
    assert!(
        (3_000..=4_100).contains(&left.parse::<u32>().unwrap()),
        "{left}"
    );
    let inbox = ("mcp-mqtt-inbox".to_owned(), "1".to_owned());
    assert_eq!(properties.user[1..], [inbox]);

    let payload: Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(payload["arguments"], json!({"name": "Ann"}));
    assert_eq!(payload["client"], "scout");
    assert_eq!(
        payload["response_topic"],
        "demo/mcp/clients/scout/responses"
    );
    assert_eq!(payload["call_id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn ids_are_never_the_same_twice() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(Value::Null)
    })
    .await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    for _ in 0..2 {
        soon(client.call("greet", json!({}))).await.unwrap();
    }
    let ids = |m: &crate::mqtt::Message| {
        let payload: Value = serde_json::from_slice(&m.payload).unwrap();
        (
            m.properties.correlation_data.clone().unwrap(),
            payload["call_id"].to_string(),
        )
    };
    let (a, b) = (ids(&server.received()[0]), ids(&server.received()[1]));
    assert!(a.0 != b.0 && a.1 != b.1);
    assert!(!a.1.contains(&format!("{:x}", a.0)));
}

#[tokio::test]
async fn a_result_is_read_as_the_type_that_is_asked_for() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/add/call/#"], |call| call.ok(json!(3))).await;
    server.announce("add", ours()).await;
    let client = connect(&broker, "scout").await;
    let sum: u32 = soon(client.call_as("add", json!({}))).await.unwrap();
    assert_eq!(sum, 3);
    let error = soon(client.call_as::<String>("add", json!({})))
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::BadResult { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::Ran);
}

#[tokio::test]
async fn each_class_of_error_is_a_variant() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/fail/call/#"], |call| {
        call.error(call.payload()["arguments"].clone());
    })
    .await;
    server.announce("fail", ours()).await;
    let client = connect(&broker, "scout").await;
    let fail = |error: Value| {
        let call = client.call("fail", error);
        async { soon(call).await.unwrap_err() }
    };

    let faults = json!([{"pointer": "/n", "message": "must be at least 1"}]);
    let error =
        fail(json!({"type": "invalid_arguments", "message": "bad", "faults": faults})).await;
    let CallError::InvalidArguments { faults, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(
        (faults[0].pointer.as_str(), faults[0].message.as_str()),
        ("/n", "must be at least 1")
    );

    let error = fail(json!({"type": "tool_error", "message": "boom", "code": "E7"})).await;
    let CallError::Tool { message, code, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((message.as_str(), code.as_deref()), ("boom", Some("E7")));

    let error = fail(json!({"type": "unauthorized", "message": "no"})).await;
    let CallError::Unauthorized { refusal, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(
        refusal,
        Refusal::Server {
            message: "no".to_owned()
        }
    );

    let error = fail(json!({"type": "unavailable", "message": "full", "retry_after_ms": 50})).await;
    assert_eq!(error.outcome(), Outcome::NotRun);
    let CallError::Unavailable { retry_after, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(retry_after, Some(Duration::from_millis(50)));

    let error = fail(json!({"type": "timeout", "message": "took too long"})).await;
    assert!(
        matches!(
            error,
            CallError::Timeout {
                outcome: Outcome::Unknown,
                ..
            }
        ),
        "{error}"
    );

    let error = fail(json!({"type": "on_fire", "message": "?"})).await;
    assert!(matches!(error, CallError::BadResponse { .. }), "{error}");
}

#[tokio::test]
async fn what_is_not_for_a_pending_call_is_ignored_and_counted() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        let id = call.call_id();
        let forged = json!({"call_id": id, "status": "ok", "result": "forged"});
        call.send(&forged, "guess".into());
        call.send(&forged, id.clone().into());
        call.publish("clients/scout/responses", &forged);
        call.publish(&format!("tools/greet/stream/{id}"), &forged);
        call.ok(json!("real"));
    })
    .await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    assert_eq!(soon(client.call("greet", json!({}))).await.unwrap(), "real");
    // The one on the stream topic does not even get here.
    assert_eq!(client.ignored(), 3);
    // A second response, too late.
    assert_eq!(soon(client.call("greet", json!({}))).await.unwrap(), "real");
}

#[tokio::test]
async fn what_the_server_of_the_call_sends_and_nobody_understands_is_a_bad_response() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.respond(&json!(7))
    })
    .await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    let error = soon(client.call("greet", json!({}))).await.unwrap_err();
    assert!(matches!(error, CallError::BadResponse { .. }), "{error}");
}

#[tokio::test]
async fn many_calls_at_once_each_get_their_own_result() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/echo/call/#"], |call| {
        call.ok(call.payload()["arguments"]["n"].clone());
    })
    .await;
    server.announce("echo", ours()).await;
    let client = connect(&broker, "scout").await;
    let calls = (0..500).map(|n| {
        let call = client.call_as::<u32>("echo", json!({"n": n}));
        async move { (n, soon(call).await.unwrap()) }
    });
    for (n, echoed) in futures_util::future::join_all(calls).await {
        assert_eq!(n, echoed);
    }
    assert_eq!(client.ignored(), 0);
}
