//! What becomes of calls when a process of the server dies.

use super::*;

async fn start(broker: &Mosquitto, act: impl Fn(script::Exchange<'_>) + Send + 'static) -> Script {
    let server = Script::start(broker, &["tools/greet/call/#"], act).await;
    server.instance("a", "online").await;
    server.instance("b", "online").await;
    server.announce("greet", ours()).await;
    server
}

async fn fails(client: &Client, instance: &str) -> CallError {
    let start = std::time::Instant::now();
    let error = soon(client.call("greet", json!({}))).await.unwrap_err();
    assert!(matches!(error, CallError::ServerDied { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(error.to_string().contains(instance), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2));
    error
}

#[tokio::test]
async fn a_call_ends_with_the_process_that_said_it_had_it() {
    let broker = Mosquitto::start();
    let server = start(&broker, |call| {
        call.accept("a");
        match call.payload()["arguments"].get("will") {
            None => call.instance("a", None),
            Some(_) => call.gone("b"),
        }
    })
    .await;
    let client = connect(&broker, "scout").await;
    fails(&client, "`a` of `hello`, which had the call").await;
    assert_eq!(server.received().len(), 1, "it was not sent again");
    // That another one died is nothing to it.
    let call = client
        .call("greet", json!({"will": true}))
        .timeout(Duration::from_millis(900));
    server.instance("a", "online").await;
    let error = soon(call).await.unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn a_call_that_nobody_said_he_had_ends_with_any_process() {
    let broker = Mosquitto::start();
    let server = start(&broker, |call| call.gone("b")).await;
    let client = connect(&broker, "scout").await;
    fails(&client, "no other says that it has the call").await;
    assert_eq!(server.received().len(), 1, "it was not sent again");
}

#[tokio::test]
async fn who_leaves_finishes_what_it_has_and_is_answered_for_behind_its_end() {
    let broker = Mosquitto::start();
    let _server = start(&broker, |call| {
        call.accept("a");
        call.instance("a", Some("leaving"));
        call.instance("a", Some("offline"));
        call.ok(json!("hi"));
    })
    .await;
    let client = connect(&broker, "scout").await;
    assert_eq!(soon(client.call("greet", json!({}))).await.unwrap(), "hi");
}

#[tokio::test]
async fn an_offline_card_counts_for_nothing_while_another_process_lives() {
    let broker = Mosquitto::start();
    let server = start(&broker, |call| call.ok(json!("hi"))).await;
    server.server_card("offline").await;
    let client = connect(&broker, "scout").await;
    assert_eq!(soon(client.call("greet", json!({}))).await.unwrap(), "hi");
    server.instance("a", "offline").await;
    server.retain("servers/hello/instances/b", "").await;
    let error = soon(async {
        loop {
            if let Err(error) = client.call("greet", json!({})).await {
                break error;
            }
        }
    })
    .await;
    assert!(error.to_string().contains("offline"), "{error}");
}

#[tokio::test]
async fn a_notice_is_no_response_with_or_without_a_card() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.accept("a");
    })
    .await;
    let client = connect(&broker, "scout").await;
    let mut call = Box::pin(client.call("greet", json!({})).into_future());
    // Longer than a server without a card and a notice would have.
    let pending = tokio::time::timeout(Duration::from_millis(500), &mut call).await;
    assert!(pending.is_err(), "{pending:?}");
    let message = server.received().remove(0);
    script::Exchange {
        message: &message,
        connection: &server.connection,
    }
    .ok(json!("hi"));
    assert_eq!(soon(call).await.unwrap(), "hi");
}
