//! Calls that the broker refuses, that nobody answers, or that are never sent.

use super::*;

/// What policies of the two profiles look like on Mosquitto: `scout` may call `greet`, `mallory` nothing.
const ACL: &str = "user server
topic readwrite demo/#
user scout
topic read demo/mcp/clients/scout/responses
topic read demo/mcp/tools/greet/card
topic read demo/mcp/servers/hello/card
topic write demo/mcp/tools/greet/call/scout
user mallory
topic read demo/mcp/clients/mallory/responses
topic read demo/mcp/tools/greet/card
topic read demo/mcp/servers/hello/card
user old
topic read demo/mcp/clients/old/responses
topic write demo/mcp/tools/greet/call
";

fn with_policy() -> Mosquitto {
    Mosquitto::with("acl_file {dir}/acl", &[("acl", ACL)])
}

fn refused_topic(error: &CallError) -> &str {
    match error {
        CallError::Unauthorized {
            refusal: Refusal::Broker { topic },
            ..
        } => topic,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_broker_refuses_a_caller_whom_the_card_invites() {
    let broker = with_policy();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(json!("hi"))
    })
    .await;
    server.announce("greet", ours()).await;
    let mallory = connect(&broker, "mallory").await;
    let error = soon(mallory.call("greet", json!({}))).await.unwrap_err();
    assert_eq!(refused_topic(&error), "demo/mcp/tools/greet/call/mallory");
    assert_eq!(error.outcome(), Outcome::NotRun);
    let scout = connect(&broker, "scout").await;
    assert_eq!(soon(scout.call("greet", json!({}))).await.unwrap(), "hi");
    assert_eq!(server.topics(), ["tools/greet/call/scout"]);
}

#[tokio::test]
async fn an_unknown_tool_and_a_forbidden_one_look_the_same_without_a_card() {
    let broker = with_policy();
    let _server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(Value::Null)
    })
    .await;
    let mallory = connect(&broker, "mallory").await;
    for tool in ["greet", "missing"] {
        let error = soon(mallory.call(tool, json!({}))).await.unwrap_err();
        assert_eq!(
            refused_topic(&error),
            format!("demo/mcp/tools/{tool}/call/mallory")
        );
        assert!(error.to_string().contains("no such tool"), "{error}");
    }
}

#[tokio::test]
async fn a_grant_of_the_plain_topic_alone_serves() {
    let broker = with_policy();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(json!("hi"))
    })
    .await;
    let old = connect(&broker, "old").await;
    assert_eq!(soon(old.call("greet", json!({}))).await.unwrap(), "hi");
    assert_eq!(server.topics(), ["tools/greet/call"]);
}

#[tokio::test]
async fn whoever_is_allowed_learns_that_nobody_serves() {
    let broker = with_policy();
    for caller in ["scout", "old"] {
        let client = connect(&broker, caller).await;
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
async fn a_server_that_does_not_answer_is_a_timeout_of_unknown_outcome() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |_| {}).await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    let call = client
        .call("greet", json!({}))
        .timeout(Duration::from_millis(900));
    let error = soon(call).await.unwrap_err();
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
    assert_eq!(server.received()[0].properties.message_expiry, Some(1));
}

#[tokio::test]
async fn what_can_be_no_call_is_not_sent() {
    let broker = Mosquitto::start();
    let client = connect(&broker, "scout").await;
    for arguments in [json!([1]), json!(3), Value::Null] {
        let error = soon(client.call("greet", arguments)).await.unwrap_err();
        let CallError::InvalidArguments { faults, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(faults[0].pointer, "");
    }
    for name in ["", "a/b", "+", "#", "a b", "a\0"] {
        let error = soon(client.call(name, json!({}))).await.unwrap_err();
        assert!(matches!(error, CallError::InvalidName { .. }), "{error}");
        assert_eq!(error.outcome(), Outcome::NotRun);
    }
}

#[tokio::test]
async fn a_call_beyond_the_brokers_packet_size_fails_alone() {
    let broker = Mosquitto::with("max_packet_size 4000", &[]);
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(Value::Null)
    })
    .await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    let error = soon(client.call("greet", json!({"name": "x".repeat(4000)})))
        .await
        .unwrap_err();
    assert!(
        matches!(error, CallError::TooLarge { limit: 4000, .. }),
        "{error}"
    );
    soon(client.call("greet", json!({"name": "x"})))
        .await
        .unwrap();
}

#[tokio::test]
async fn calls_beyond_the_limit_are_refused_until_others_end() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |_| {}).await;
    server.announce("greet", ours()).await;
    let client = soon(describe(&broker, "scout").max_pending(1).connect())
        .await
        .unwrap();
    let mut first = client.call_streamed("greet", json!({}));
    assert!(futures_util::FutureExt::now_or_never(first.next()).is_none());
    let error = soon(client.call("greet", json!({}))).await.unwrap_err();
    assert!(
        matches!(error, CallError::TooManyPending { limit: 1 }),
        "{error}"
    );
    drop(first);
    let third = client
        .call("greet", json!({}))
        .timeout(Duration::from_millis(50));
    assert!(matches!(soon(third).await, Err(CallError::Timeout { .. })));
}
