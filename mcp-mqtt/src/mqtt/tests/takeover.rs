//! Another client connects with the same client id.

use super::scripted::Scripted;
use super::*;

/// A DISCONNECT with reason 0x8E.
const TAKEN_OVER: [u8; 4] = [0xE0, 2, 0x8E, 0];

#[tokio::test]
async fn being_taken_over_under_an_id_that_was_set_ends_the_connection_for_good() {
    let broker = Scripted::start().await;
    let options = ConnectOptions {
        client_id: Some("mine".into()),
        ..options(broker.port)
    };
    let mut peer = Peer::open(options, None);
    let (mut client, _) = broker.client(|_| ()).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    client.send_bytes(&TAKEN_OVER).await;
    let (error, retry_in) = peer.lost().await;
    assert!(
        matches!(&error, ConnectionError::TakenOver { client_id } if client_id == "mine"),
        "{error:?}"
    );
    assert_eq!(retry_in, None);
    assert!(matches!(
        soon("the end", peer.connection.ended()).await,
        ConnectionError::TakenOver { .. }
    ));
    assert_eq!(
        peer.publish(publish("a", "")).await,
        Err(RequestError::NotConnected)
    );
}

#[tokio::test]
async fn being_taken_over_under_an_id_that_was_made_gets_another_one() {
    let broker = Scripted::start().await;
    let options = ConnectOptions {
        session_expiry: Duration::from_secs(60),
        ..options(broker.port).named("scout")
    };
    let mut peer = Peer::open(options, None);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let (mut client, connect) = broker.client(|_| ()).await;
        assert!(matches!(peer.event().await, Event::Connected { .. }));
        assert!(connect.client_id.starts_with("scout-"));
        assert!(!ids.contains(&connect.client_id));
        assert!(connect.clean_start, "a new id has no session");
        client.send_bytes(&TAKEN_OVER).await;
        let (error, retry_in) = peer.lost().await;
        assert!(
            matches!(&error, ConnectionError::TakenOver { client_id } if *client_id == connect.client_id),
            "{error:?}"
        );
        assert!(retry_in.is_some());
        ids.push(connect.client_id);
    }
    // An outage keeps the id, and so the session.
    let (client, connect) = broker.client(|_| ()).await;
    drop(client);
    let (_client, again) = broker.client(|_| ()).await;
    assert_eq!(again.client_id, connect.client_id);
    assert!(!again.clean_start);
}

/// A DISCONNECT may end after its reason code (MQTT 5.0 §3.14.2.2.1), and Mosquitto's does. rumqttc drops that form
/// unread, so the reason is lost and a takeover looks like a close: retried, with growing waits.
#[tokio::test]
async fn a_disconnect_in_its_short_form_is_a_close_without_a_reason() {
    let broker = Scripted::start().await;
    let mut peer = Peer::open(options(broker.port), None);
    let (mut client, _) = broker.client(|_| ()).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    client.send_bytes(&[0xE0, 1, 0x8E]).await;
    drop(client);
    assert!(matches!(
        peer.lost().await,
        (ConnectionError::Closed { .. }, Some(_))
    ));
}
