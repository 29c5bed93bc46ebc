//! One connection or two, as the client finds the broker.

use super::*;
use crate::mqtt::{ConnectOptions, Connections};

/// A server that answers after so long, and says that it took no time.
async fn server(broker: &Mosquitto, after: Duration) -> Script {
    let mut options = ConnectOptions::new(url(broker).parse().unwrap());
    options.connections = Connections::Two;
    let server = Script::start_with(options, &["tools/greet/call/#"], move |call| {
        let response = json!({"call_id": call.call_id(), "status": "ok", "result": "hi"});
        let (message, connection) = (call.message.clone(), call.connection.clone());
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let call = script::Exchange {
                message: &message,
                connection: &connection,
            };
            call.respond(&response);
        });
    })
    .await;
    server.announce("greet", ours()).await;
    server
}

/// A client that has asked the broker and has so many connections: in a few attempts, since on a busy machine one thing
/// may look like the other.
async fn with(wanted: Connections, broker: &Mosquitto) -> Client {
    for _ in 0..5 {
        let scout = connect(broker, "scout").await;
        for _ in 0..8 {
            soon(scout.call("greet", json!({}))).await.unwrap();
        }
        let asked = soon(scout.inner.stall.has_asked()).await;
        if asked && scout.inner.connection.connections_in_use() == wanted {
            return scout;
        }
    }
    panic!("no client has {wanted}");
}

#[tokio::test]
async fn on_two_connections_cards_are_watched_as_before() {
    // As it comes.
    let broker = Mosquitto::with("set_tcp_nodelay false", &[]);
    let server = server(&broker, Duration::ZERO).await;
    let scout = with(Connections::Two, &broker).await;
    server.tool_card("greet", "offline", ours()).await;
    until(|| {
        let now = std::time::Instant::now();
        let state = scout.inner.shared.lock();
        matches!(state.directory.sight("greet", now), route::Sight::Offline)
    })
    .await;
}

#[tokio::test]
async fn a_long_way_to_the_server_is_not_taken_for_the_brokers_doing() {
    let broker = Mosquitto::start();
    let _server = server(&broker, Duration::from_millis(30)).await;
    with(Connections::One, &broker).await;
}
