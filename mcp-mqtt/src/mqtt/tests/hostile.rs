//! What a broker may do and Mosquitto does not, or not on demand.

use std::error::Error;

use rumqttc::v5::mqttbytes::v5::{
    ConnAck, ConnectReturnCode, Disconnect, DisconnectProperties, DisconnectReasonCode, Packet,
    PingResp, PubAckReason, SubAck, SubscribeReasonCode,
};

use super::scripted::{Scripted, connack};
use super::*;

#[tokio::test]
async fn answers_in_another_order_reach_their_requests() {
    let broker = Scripted::start().await;
    let peer = Peer::open(options(broker.port), None);
    let (mut client, _) = broker.client(|_| ()).await;
    peer.connection.wait_connected(in_deadline()).await.unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|topic| peer.connection.publish(publish(topic, "")));
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(client.publish().await.pkid);
    }
    client.ack(ids[2], PubAckReason::QuotaExceeded).await;
    client.ack(ids[0], PubAckReason::Success).await;
    client
        .ack(ids[1], PubAckReason::NoMatchingSubscribers)
        .await;
    assert_eq!(a.await, Ok(Published::Delivered));
    assert_eq!(b.await, Ok(Published::NoSubscriber));
    assert_eq!(
        c.await,
        Err(RequestError::Refused(ReasonCode::QUOTA_EXCEEDED))
    );
}

/// Packet ids wrap at the receive maximum, so a late answer makes the next publish wait for its id. rumqttc alone sends
/// that one only after a success.
#[tokio::test]
async fn a_publish_that_waits_for_a_packet_id_leaves_after_a_refusal_too() {
    for late in [PubAckReason::Success, PubAckReason::NotAuthorized] {
        let broker = Scripted::start().await;
        let peer = Peer::open(options(broker.port), None);
        let (mut client, _) = broker.client(|c| c.receive_max = Some(3)).await;
        peer.connection.wait_connected(in_deadline()).await.unwrap();
        let [first, second, third, fourth, fifth] =
            ["1", "2", "3", "4", "5"].map(|payload| peer.connection.publish(publish("t", payload)));
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(client.publish().await.pkid);
        }
        client.ack(ids[1], PubAckReason::Success).await;
        assert_eq!(soon("the second", second).await, Ok(Published::Delivered));
        client.ack(ids[0], late).await;
        let again = client.publish().await;
        assert_eq!((again.pkid, &again.payload[..]), (ids[0], &b"4"[..]));
        client.ack(again.pkid, PubAckReason::QuotaExceeded).await;
        client
            .ack(ids[2], PubAckReason::NoMatchingSubscribers)
            .await;
        let last = client.publish().await;
        assert_eq!(&last.payload[..], b"5");
        client.ack(last.pkid, PubAckReason::Success).await;
        assert_eq!(
            soon("the first", first).await.is_ok(),
            late == PubAckReason::Success
        );
        assert_eq!(soon("the third", third).await, Ok(Published::NoSubscriber));
        assert_eq!(
            soon("the fourth", fourth).await,
            Err(RequestError::Refused(ReasonCode::QUOTA_EXCEEDED))
        );
        assert_eq!(soon("the fifth", fifth).await, Ok(Published::Delivered));
    }
}

#[tokio::test]
async fn a_smaller_window_after_a_reconnect_is_kept() {
    let broker = Scripted::start().await;
    let peer = Peer::open(options(broker.port), None);
    for window in [100, 2] {
        let (mut client, _) = broker.client(|c| c.receive_max = Some(window)).await;
        soon("the connection", async {
            while !peer.connection.is_connected() {
                tokio::task::yield_now().await
            }
        })
        .await;
        let publishes: Vec<_> = (0..50)
            .map(|_| peer.connection.publish(publish("t", "")))
            .collect();
        for _ in 0..50 {
            let pkid = client.publish().await.pkid;
            assert!(pkid <= window);
            client.ack(pkid, PubAckReason::Success).await;
        }
        for answer in publishes {
            assert_eq!(soon("an answer", answer).await, Ok(Published::Delivered));
        }
        drop(client);
        soon("the loss", async {
            while peer.connection.is_connected() {
                tokio::task::yield_now().await
            }
        })
        .await;
    }
}

#[tokio::test]
async fn each_filter_gets_its_own_code() {
    let broker = Scripted::start().await;
    let peer = Peer::open(options(broker.port), None);
    let (mut client, _) = broker.client(|_| ()).await;
    peer.connection.wait_connected(in_deadline()).await.unwrap();
    let answer = peer
        .connection
        .subscribe(["a", "b", "c"].map(subscription).into());
    let Some(Packet::Subscribe(subscribe)) = client.next().await else {
        panic!("expected a SUBSCRIBE")
    };
    assert!(
        subscribe
            .filters
            .iter()
            .all(|filter| filter.preserve_retain)
    );
    let return_codes = vec![
        SubscribeReasonCode::Success(rumqttc::v5::mqttbytes::QoS::AtLeastOnce),
        SubscribeReasonCode::NotAuthorized,
        SubscribeReasonCode::QuotaExceeded,
    ];
    client
        .send(Packet::SubAck(SubAck {
            pkid: subscribe.pkid,
            return_codes,
            properties: None,
        }))
        .await;
    let expected = vec![
        Ok(Qos::AtLeastOnce),
        Err(ReasonCode::NOT_AUTHORIZED),
        Err(ReasonCode::QUOTA_EXCEEDED),
    ];
    assert_eq!(soon("the answer", answer).await, Ok(expected));
}

#[tokio::test]
async fn answers_and_messages_read_together_with_the_end_still_count() {
    let broker = Scripted::start().await;
    let mut peer = Peer::open(options(broker.port), None);
    let (mut client, _) = broker.client(|_| ()).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    let [first, second] = ["1", "2"].map(|payload| peer.connection.publish(publish("t", payload)));
    let pkid = client.publish().await.pkid;
    client.publish().await;
    // One write: the answer to the first, a message, and a packet that no broker may send.
    let answer = [0x40, 2, 0, u8::try_from(pkid).unwrap()];
    let message = [0x30, 5, 0, 1, b'm', 0, b'!'];
    client
        .send_bytes(&[&answer[..], &message, &[0xC0, 0]].concat())
        .await;
    assert_eq!(soon("the first", first).await, Ok(Published::Delivered));
    assert_eq!(peer.message().await.topic, "m");
    assert_eq!(soon("the second", second).await, Err(RequestError::Lost));
    assert!(matches!(
        peer.lost().await,
        (ConnectionError::Protocol { .. }, Some(_))
    ));
}

#[tokio::test]
async fn an_answer_of_the_old_connection_does_not_meet_a_request_of_the_new_one() {
    let broker = Scripted::start().await;
    let mut peer = Peer::open(options(broker.port), None);
    let (mut client, _) = broker.client(|_| ()).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    let old = peer.connection.publish(publish("t", "old"));
    let pkid = client.publish().await.pkid;
    drop(client);
    assert_eq!(soon("the old", old).await, Err(RequestError::Lost));
    peer.lost().await;
    let (mut client, _) = broker.client(|_| ()).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    let new = peer.connection.publish(publish("t", "new"));
    let sent = client.publish().await;
    assert_eq!(
        (sent.pkid, &sent.payload[..], sent.dup),
        (pkid, &b"new"[..], false)
    );
    client.ack(pkid, PubAckReason::NotAuthorized).await;
    assert_eq!(
        soon("the new", new).await,
        Err(RequestError::Refused(ReasonCode::NOT_AUTHORIZED))
    );
}

#[tokio::test]
async fn being_taken_over_ends_the_connection_for_good() {
    let broker = Scripted::start().await;
    let mut peer = Peer::open(options(broker.port), None);
    let (mut client, _) = broker.client(|_| ()).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    client.send_bytes(&[0xE0, 2, 0x8E, 0]).await;
    let (error, retry_in) = peer.lost().await;
    assert!(
        matches!(error, ConnectionError::TakenOver { .. }),
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

#[tokio::test]
async fn a_broker_that_shuts_down_is_tried_again() {
    let broker = Scripted::start().await;
    let mut peer = Peer::open(options(broker.port), None);
    let (mut client, _) = broker.client(|_| ()).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    let mut disconnect = Disconnect::new(DisconnectReasonCode::ServerShuttingDown);
    disconnect.properties = Some(DisconnectProperties {
        session_expiry_interval: None,
        reason_string: Some("nap".into()),
        user_properties: vec![],
        server_reference: None,
    });
    client.send(Packet::Disconnect(disconnect)).await;
    let (error, retry_in) = peer.lost().await;
    assert_eq!(
        error.to_string(),
        r#"the broker ended the connection: the broker is shutting down (0x8B), "nap""#
    );
    assert!(retry_in.is_some());
    broker.client(|_| ()).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
}

#[tokio::test]
async fn a_refusal_that_may_pass_is_tried_again_and_a_later_one_always() {
    let broker = Scripted::start().await;
    let mut peer = Peer::open(options(broker.port), None);
    let refuse = |code| {
        Packet::ConnAck(ConnAck {
            session_present: false,
            code,
            properties: None,
        })
    };
    let mut socket = broker.socket().await;
    socket.connect().await;
    socket.send(refuse(ConnectReturnCode::ServerBusy)).await;
    let (error, retry_in) = peer.lost().await;
    assert!(matches!(error, ConnectionError::Refused { code: 0x89, .. }) && retry_in.is_some());
    drop(broker.client(|_| ()).await);
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    peer.lost().await;
    let mut socket = broker.socket().await;
    socket.connect().await;
    socket.send(refuse(ConnectReturnCode::NotAuthorized)).await;
    let (error, retry_in) = peer.lost().await;
    assert!(matches!(error, ConnectionError::Refused { code: 0x87, .. }) && retry_in.is_some());
}

#[tokio::test]
async fn a_broker_that_never_answers_is_given_up() {
    let broker = Scripted::start().await;
    let options = ConnectOptions {
        connect_timeout: Duration::from_millis(50),
        ..options(broker.port)
    };
    let mut peer = Peer::open(options, None);
    let mut silent = broker.socket().await;
    silent.connect().await;
    let (error, retry_in) = peer.lost().await;
    assert_eq!(
        error.to_string(),
        format!(
            "the broker at 127.0.0.1:{} did not answer within 50ms",
            broker.port
        )
    );
    assert!(retry_in.is_some());
    assert!(silent.next().await.is_none());
}

#[tokio::test]
async fn what_is_no_mqtt_broker_is_told() {
    let broker = Scripted::start().await;
    let mut peer = Peer::open(options(broker.port), None);
    for answer in [
        &b""[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x20\x02\x00\x01",
    ] {
        let mut socket = broker.socket().await;
        socket.connect().await;
        socket.send_bytes(answer).await;
        drop(socket);
        let (error, _) = peer.lost().await;
        assert!(
            matches!(error, ConnectionError::NotMqtt { .. }),
            "{error:?} {:?}",
            error.source()
        );
    }
}

#[tokio::test]
async fn a_receive_maximum_of_zero_is_no_connection() {
    let broker = Scripted::start().await;
    let mut peer = Peer::open(options(broker.port), None);
    broker.client(|c| c.receive_max = Some(0)).await;
    let (error, retry_in) = peer.lost().await;
    assert!(matches!(error, ConnectionError::Protocol { .. }) && retry_in.is_some());
    assert!(!peer.connection.is_connected());
}

#[tokio::test]
async fn a_server_keep_alive_of_zero_is_no_storm_of_pings() {
    let broker = Scripted::start().await;
    let peer = Peer::open(options(broker.port), None);
    let (mut client, connect) = broker.client(|c| c.server_keep_alive = Some(0)).await;
    assert_eq!(connect.keep_alive, 30);
    peer.connection.wait_connected(in_deadline()).await.unwrap();
    let mut pings = 0;
    for _ in 0..50 {
        let answer = peer.connection.publish(publish("t", ""));
        let pkid = loop {
            match client.next().await.unwrap() {
                Packet::PingReq(_) => {
                    pings += 1;
                    client.send(Packet::PingResp(PingResp)).await;
                }
                Packet::Publish(publish) => break publish.pkid,
                other => panic!("{other:?}"),
            }
        };
        client.ack(pkid, PubAckReason::Success).await;
        assert_eq!(soon("an answer", answer).await, Ok(Published::Delivered));
    }
    assert!(pings <= 1);
}

#[tokio::test]
async fn only_a_session_that_is_kept_is_resumed_and_never_that_of_another_process() {
    for (expiry, resumed) in [(0, false), (60, true)] {
        let broker = Scripted::start().await;
        let options = ConnectOptions {
            session_expiry: Duration::from_secs(expiry),
            ..options(broker.port)
        };
        let _peer = Peer::open(options, None);
        let (client, connect) = broker.client(|_| ()).await;
        assert!(connect.clean_start);
        drop(client);
        let (_client, connect) = broker.client(|_| ()).await;
        assert_eq!(connect.clean_start, !resumed);
        let sent = connect.properties.unwrap();
        assert_eq!(sent.session_expiry_interval, resumed.then_some(60));
        assert_eq!(
            (sent.receive_maximum, sent.max_packet_size),
            (Some(1024), Some(5 * 1024 * 1024))
        );
        assert_eq!(sent.topic_alias_max, None);
    }
}

#[tokio::test]
async fn a_message_without_a_topic_is_dropped_and_an_alias_ends_the_connection() {
    let broker = Scripted::start().await;
    let mut peer = Peer::open(options(broker.port), None);
    let (mut client, _) = broker.client(|_| ()).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    client
        .send_bytes(&[0x30, 4, 0, 1, 0xFF, 0, 0x30, 4, 0, 1, b'a', 0])
        .await;
    assert_eq!(peer.message().await.topic, "a");
    // Alias 1, which was never set.
    client.send_bytes(&[0x30, 6, 0, 0, 3, 0x23, 0, 1]).await;
    assert!(matches!(
        peer.lost().await,
        (ConnectionError::Protocol { .. }, Some(_))
    ));
}

/// The clock stands still and jumps when nothing else happens.
#[tokio::test]
async fn a_disconnect_does_not_wait_for_ever_for_an_answer() {
    let broker = Scripted::start().await;
    let peer = Peer::open(options(broker.port), None);
    let (mut client, _) = broker.client(|_| ()).await;
    peer.connection.wait_connected(in_deadline()).await.unwrap();
    let answer = peer.connection.publish(publish("t", ""));
    client.publish().await;
    tokio::time::pause();
    let connection = peer.connection.clone();
    let closing = tokio::spawn(async move { connection.disconnect().await });
    assert!(matches!(client.next().await, Some(Packet::Disconnect(_))));
    drop(client);
    closing.await.unwrap();
    assert_eq!(answer.await, Err(RequestError::Lost));
}

#[tokio::test]
async fn a_handler_that_panics_leaves_nobody_waiting() {
    let broker = Scripted::start().await;
    let connection = Connection::open(options(broker.port), None, |event| {
        assert!(!matches!(event, Event::Message(_)), "on purpose");
    })
    .unwrap();
    let mut client = broker.socket().await;
    client.connect().await;
    client.send(connack(|_| ())).await;
    connection.wait_connected(in_deadline()).await.unwrap();
    let answer = connection.publish(publish("t", ""));
    client.publish().await;
    client.send_bytes(&[0x30, 4, 0, 1, b'a', 0]).await;
    assert_eq!(soon("the answer", answer).await, Err(RequestError::Lost));
    soon("the end", connection.ended()).await;
    assert_eq!(
        soon("a publish", connection.publish(publish("t", ""))).await,
        Err(RequestError::NotConnected)
    );
}

/// Debian's Mosquitto opens no WebSocket listener, so only the handshake is seen here.
#[cfg(feature = "ws")]
#[tokio::test]
async fn a_websocket_handshake_asks_for_mqtt_at_the_path_and_its_refusal_is_told() {
    let broker = Scripted::start().await;
    // The hyphen keeps the password out of the handshake's random key, which is base64.
    let url = format!("ws://u:pass-word@127.0.0.1:{}/broker?x=1", broker.port);
    let mut peer = Peer::open(ConnectOptions::new(url.parse().unwrap()), None);
    let mut socket = broker.socket().await;
    let request = socket.text_until("\r\n\r\n").await.to_ascii_lowercase();
    assert!(
        request.starts_with("get /broker?x=1 http/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("sec-websocket-protocol: mqtt\r\n"),
        "{request}"
    );
    assert!(!request.contains("pass-word"), "{request}");
    socket
        .send_bytes(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
        .await;
    let (error, retry_in) = peer.lost().await;
    assert!(
        matches!(error, ConnectionError::WebSocket { .. }),
        "{error:?}"
    );
    assert!(error.with_causes().contains("404") && retry_in.is_some());
}
