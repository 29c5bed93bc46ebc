//! Calls over a loss of the connection.

use std::sync::{Arc, Mutex};

use super::proxy::Proxy;
use super::*;

/// A client whose connection a test can cut.
async fn behind(proxy: &Proxy, builder: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    let plain = Client::builder("scout").url(&proxy.url()).namespace("demo");
    soon(builder(plain).connect()).await.unwrap()
}

async fn down(client: &Client) {
    let mut link = client.inner.shared.link();
    soon(link.wait_for(|link| matches!(link, link::Link::Down(_))))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_response_that_comes_while_the_connection_is_lost_is_not() {
    let broker = Mosquitto::start();
    let proxy = Proxy::start(&broker).await;
    let server = Script::start(&broker, &["tools/greet/call/#"], |_| {}).await;
    server.announce("greet", ours()).await;
    let client = behind(&proxy, |client| client).await;
    let call = tokio::spawn(client.call("greet", json!({})).into_future());
    until(|| !server.topics().is_empty()).await;
    // Whatever is known of the call, the broker has acknowledged it.
    soon(client.tool_card("greet")).await.unwrap();
    proxy.cut();
    down(&client).await;
    let message = server.received().remove(0);
    script::Exchange {
        message: &message,
        connection: &server.connection,
    }
    .ok(json!("hi"));
    proxy.heal();
    assert_eq!(soon(call).await.unwrap().unwrap(), "hi");
    assert_eq!(server.received().len(), 1, "it was sent once");
}

#[tokio::test]
async fn a_call_goes_on_when_the_connection_is_back_with_its_session() {
    let broker = Mosquitto::start();
    let proxy = Proxy::start(&broker).await;
    let server = Script::start(&broker, &["tools/greet/call/#"], |_| {}).await;
    server.announce("greet", ours()).await;
    let client = behind(&proxy, |client| client).await;
    let mut call = tokio::spawn(client.call("greet", json!({})).into_future());
    until(|| !server.topics().is_empty()).await;
    soon(client.tool_card("greet")).await.unwrap();
    proxy.cut();
    down(&client).await;
    proxy.heal();
    until(|| client.is_connected()).await;
    // Whatever the reconnect did to the call, it has done by now.
    soon(client.servers()).await.unwrap();
    let ended = futures_util::FutureExt::now_or_never(&mut call);
    assert!(ended.is_none(), "{ended:?}");
    let message = server.received().remove(0);
    script::Exchange {
        message: &message,
        connection: &server.connection,
    }
    .ok(json!("hi"));
    assert_eq!(soon(call).await.unwrap().unwrap(), "hi");
}

#[tokio::test]
async fn a_session_that_is_gone_ends_the_calls_that_may_not_run_twice() {
    let mut broker = Mosquitto::start();
    let server = Script::start(&broker, &["tools/greet/call/#"], |_| {}).await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    let call = tokio::spawn(client.call("greet", json!({})).into_future());
    until(|| !server.topics().is_empty()).await;
    soon(client.tool_card("greet")).await.unwrap();
    broker.kill();
    broker.restart();
    let error = soon(call).await.unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Connection {
                outcome: Outcome::Unknown,
                retries: 0,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_call_that_was_not_sent_waits_for_the_connection() {
    let broker = Mosquitto::start();
    let proxy = Proxy::start(&broker).await;
    let server = Script::start(&broker, &["tools/greet/call/#"], |call| {
        call.ok(json!("hi"));
    })
    .await;
    server.announce("greet", ours()).await;
    let client = behind(&proxy, |client| client).await;
    proxy.cut();
    down(&client).await;
    let mut call = client.call_streamed("greet", json!({}));
    assert!(futures_util::FutureExt::now_or_never(call.next()).is_none());
    proxy.heal();
    assert_eq!(soon(call.result()).await.unwrap(), "hi");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn it_waits_as_long_as_was_said_and_no_longer() {
    let broker = Mosquitto::start();
    let proxy = Proxy::start(&broker).await;
    let wait = Duration::from_millis(200);
    let client = behind(&proxy, |client| client.reconnect_wait(wait)).await;
    proxy.cut();
    down(&client).await;
    let start = std::time::Instant::now();
    for timeout in [Duration::from_secs(10), Duration::from_millis(100)] {
        let call = client.call("greet", json!({})).timeout(timeout);
        let error = soon(call).await.unwrap_err();
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
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_call_that_was_sent_waits_for_the_connection_as_long_as_was_said() {
    let broker = Mosquitto::start();
    let proxy = Proxy::start(&broker).await;
    let server = Script::start(&broker, &["tools/greet/call/#"], |_| {}).await;
    server.announce("greet", ours()).await;
    let wait = Duration::from_millis(200);
    let client = behind(&proxy, |client| client.reconnect_wait(wait)).await;
    let call = tokio::spawn(client.call("greet", json!({})).into_future());
    until(|| !server.topics().is_empty()).await;
    soon(client.tool_card("greet")).await.unwrap();
    let start = std::time::Instant::now();
    proxy.cut();
    let error = soon(call).await.unwrap().unwrap_err();
    assert!(start.elapsed() >= wait);
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
}

#[tokio::test]
async fn whoever_asks_is_told_how_the_connection_is() {
    let broker = Mosquitto::start();
    let proxy = Proxy::start(&broker).await;
    let events: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = events.clone();
    let client = behind(&proxy, |client| {
        client
            .on_event(|_| panic!("on purpose"))
            .on_event(move |event| {
                let name = match event {
                    Event::Lost { retry_in, .. } => format!("lost, {}", retry_in.is_some()),
                    other => format!("{other:?}"),
                };
                let mut seen = seen.lock().unwrap();
                // Each attempt to connect that fails is a loss of its own.
                if seen.last() != Some(&name) {
                    seen.push(name);
                }
            })
    })
    .await;
    proxy.cut();
    down(&client).await;
    proxy.heal();
    until(|| events.lock().unwrap().len() >= 3).await;
    assert_eq!(
        *events.lock().unwrap(),
        ["Connected", "lost, true", "Reconnected { resumed: true }"]
    );
}
