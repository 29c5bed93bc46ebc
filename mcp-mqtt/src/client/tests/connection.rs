//! Connecting, losing the connection, and ending it.

use std::net::TcpListener;

use super::*;
use crate::mqtt::Published;

#[tokio::test]
async fn an_unreachable_broker_is_an_error_at_once() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let error = soon(Client::connect(
        &format!("mqtt://127.0.0.1:{port}"),
        "scout",
    ))
    .await
    .unwrap_err();
    let ConnectError::Connection(cause) = error else {
        panic!("{error}")
    };
    assert!(
        matches!(cause, ConnectionError::Unreachable { .. }),
        "{cause}"
    );
}

#[tokio::test]
async fn a_refused_connection_is_an_error_at_once() {
    let broker = Mosquitto::with(
        "allow_anonymous false\npassword_file {dir}/users",
        &[("users", "")],
    );
    let error = soon(describe(&broker, "scout").connect())
        .await
        .unwrap_err();
    let ConnectError::Connection(cause) = error else {
        panic!("{error}")
    };
    assert!(
        matches!(cause, ConnectionError::Refused { code: 0x87, .. }),
        "{cause}"
    );
}

#[tokio::test]
async fn the_caller_is_the_user_name_unless_the_url_has_one() {
    // Only the user `gate` may receive anything.
    let acl = "user gate\ntopic readwrite #\nuser server\ntopic readwrite #\n";
    let broker = Mosquitto::with("acl_file {dir}/acl", &[("acl", acl)]);
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(json!("hi"))
    })
    .await;
    server.announce("greet", ours()).await;
    let url = format!("mqtt://gate@127.0.0.1:{}", broker.port);
    let gate = soon(describe(&broker, "scout").url(&url).connect())
        .await
        .unwrap();
    assert_eq!(soon(gate.call("greet", json!({}))).await.unwrap(), "hi");
    assert_eq!(server.topics(), ["tools/greet/call/scout"]);
    let scout = connect(&broker, "scout").await;
    assert!(matches!(
        soon(scout.call("greet", json!({}))).await,
        Err(CallError::Unauthorized { .. })
    ));
}

#[tokio::test]
async fn without_a_session_pending_calls_end_with_the_connection_and_later_ones_work_again() {
    let mut broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |_| {}).await;
    server.announce("greet", ours()).await;
    let describe = describe(&broker, "scout").session_expiry(Duration::ZERO);
    let client = soon(describe.reconnect_wait(Duration::ZERO).connect())
        .await
        .unwrap();
    let pending = tokio::spawn(client.call("greet", json!({})).into_future());
    // It is pending once the server has it.
    soon(async {
        while server.topics().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    broker.kill();
    let error = soon(pending).await.unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Connection {
                outcome: Outcome::Unknown,
                ..
            }
        ),
        "{error}"
    );
    let error = soon(client.call("greet", json!({}))).await.unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Connection {
                outcome: Outcome::NotRun,
                ..
            }
        ),
        "{error}"
    );
    assert!(!client.is_connected());

    broker.restart();
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(json!("back"))
    })
    .await;
    server.announce("greet", ours()).await;
    let mut link = client.inner.shared.link();
    soon(link.wait_for(|link| matches!(link, link::Link::Ready)))
        .await
        .unwrap();
    assert_eq!(soon(client.call("greet", json!({}))).await.unwrap(), "back");
}

#[tokio::test]
async fn the_cards_of_called_tools_are_watched_again_in_a_new_session() {
    let mut broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call"], |call| call.ok(Value::Null)).await;
    server.announce("greet", Value::Null).await;
    let client = connect(&broker, "scout").await;
    soon(client.call("greet", json!({}))).await.unwrap();
    broker.kill();
    broker.restart();
    let mut link = client.inner.shared.link();
    soon(link.wait_for(|link| matches!(link, link::Link::Ready)))
        .await
        .unwrap();
    let watcher = Script::start(&broker, &["servers/hello/card"], |_| {}).await;
    // The new session forgot the card, and sees the new one.
    let mut changes = client.inner.shared.changes();
    watcher.tool_card("greet", "offline", Value::Null).await;
    soon(async {
        while client.inner.shared.lock().directory.card("greet").is_none() {
            changes.changed().await.unwrap();
        }
    })
    .await;
    let error = soon(client.call("greet", json!({}))).await.unwrap_err();
    assert!(error.to_string().contains("offline"), "{error}");
}

#[tokio::test]
async fn disconnecting_fails_pending_calls_and_all_later_ones() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |_| {}).await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    let pending = tokio::spawn(client.call("greet", json!({})).into_future());
    soon(async {
        while server.topics().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    soon(client.disconnect()).await;
    let error = soon(pending).await.unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Connection {
                outcome: Outcome::Unknown,
                ..
            }
        ),
        "{error}"
    );
    for client in [client.clone(), client] {
        let error = soon(client.call("greet", json!({}))).await.unwrap_err();
        assert!(
            matches!(
                error,
                CallError::Connection {
                    outcome: Outcome::NotRun,
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_connection() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &[], |_| {}).await;
    let client = connect(&broker, "scout").await;
    let clone = client.clone();
    drop(client);
    assert_eq!(
        server.publish("clients/scout/responses", "{}").await,
        Published::Delivered
    );
    drop(clone);
    soon(async {
        while server.publish("clients/scout/responses", "{}").await == Published::Delivered {}
    })
    .await;
}
