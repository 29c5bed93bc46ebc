//! Two connections: one to publish, one to subscribe.

use futures_util::FutureExt;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    Connect, LastWill, Packet, PubAckReason, Publish as WirePublish, SubAck, SubscribeReasonCode,
};

use super::lifecycle::will;
use super::mosquitto::Mosquitto;
use super::scripted::{Scripted, Socket, connack};
use super::*;

/// A DISCONNECT with reason 0x8E.
const TAKEN_OVER: [u8; 4] = [0xE0, 2, 0x8E, 0];

/// The broker's ends of two connections.
pub(super) struct Pair {
    pub(super) publishing: Socket,
    pub(super) subscribing: Socket,
}

impl Pair {
    /// The next two connections, in the order in which they come.
    pub(super) async fn accept(broker: &Scripted) -> Self {
        Self {
            publishing: broker.client(|_| ()).await.0,
            subscribing: broker.client(|_| ()).await.0,
        }
    }

    async fn with_peer(broker: &Scripted) -> (Self, Peer) {
        let mut peer = Peer::open(two(broker.port), None);
        let pair = Self::accept(broker).await;
        assert!(matches!(peer.event().await, Event::Connected { .. }));
        (pair, peer)
    }
}

fn two(port: u16) -> ConnectOptions {
    ConnectOptions {
        connections: Connections::Two,
        ..options(port).named("scout")
    }
}

pub(super) fn message(payload: &'static str) -> Packet {
    Packet::Publish(WirePublish::new("m", QoS::AtMostOnce, payload, None))
}

/// The next connection, accepted, and what it began with.
pub(super) async fn client_with_will(broker: &Scripted) -> (Socket, Connect, Option<LastWill>) {
    let mut socket = broker.socket().await;
    match socket.next().await {
        Some(Packet::Connect(connect, will, login)) => {
            assert_eq!(login.unwrap().username, "scout");
            socket.send(connack(|_| ())).await;
            (socket, connect, will)
        }
        other => panic!("expected a CONNECT, got {other:?}"),
    }
}

/// Takes the next SUBSCRIBE and grants it.
pub(super) async fn grant(socket: &mut Socket) {
    match socket.next().await {
        Some(Packet::Subscribe(subscribe)) => {
            socket
                .send(Packet::SubAck(SubAck {
                    pkid: subscribe.pkid,
                    return_codes: vec![SubscribeReasonCode::Success(QoS::AtLeastOnce)],
                    properties: None,
                }))
                .await;
        }
        other => panic!("expected a SUBSCRIBE, got {other:?}"),
    }
}

fn expiry(connect: &Connect) -> Option<u32> {
    connect.properties.as_ref()?.session_expiry_interval
}

#[tokio::test]
async fn the_will_and_the_session_are_those_of_the_one_that_subscribes() {
    let broker = Scripted::start().await;
    let options = ConnectOptions {
        session_expiry: Duration::from_secs(60),
        ..two(broker.port)
    };
    let mut peer = Peer::open(options, Some(will()));
    assert_eq!(peer.connection.connections_in_use(), Connections::Two);
    let mut ids = Vec::new();
    for resumed in [false, true] {
        let (publishing, first, no_will) = client_with_will(&broker).await;
        let (subscribing, second, will) = client_with_will(&broker).await;
        assert!(matches!(peer.event().await, Event::Connected { .. }));
        assert!(first.client_id.starts_with("scout-"));
        assert_eq!(second.client_id, format!("{}-sub", first.client_id));
        assert_eq!(no_will, None);
        assert_eq!(will.unwrap().message, "gone");
        assert_eq!((expiry(&first), expiry(&second)), (None, Some(60)));
        assert!(first.clean_start);
        assert_eq!(second.clean_start, !resumed);
        ids.push(first.client_id);
        drop((publishing, subscribing));
        peer.lost().await;
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn nobody_hears_of_a_connection_before_both_are_there() {
    let broker = Scripted::start().await;
    let mut peer = Peer::open(two(broker.port), None);
    let (_publishing, _) = broker.client(|_| ()).await;
    let mut subscribing = broker.socket().await;
    subscribing.connect().await;
    assert!(!peer.connection.is_connected());
    assert_eq!(
        peer.publish(publish("t", "")).await,
        Err(RequestError::NotConnected)
    );
    assert!(peer.events.try_recv().is_err());
    subscribing.send(connack(|_| ())).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    assert!(peer.connection.is_connected());
}

/// So nothing that the broker sends waits for the acknowledgement of something else.
#[tokio::test]
async fn acknowledgements_and_messages_come_on_different_sockets() {
    let broker = Scripted::start().await;
    let (mut pair, mut peer) = Pair::with_peer(&broker).await;
    let subscribed = peer.connection.subscribe(vec![subscription("m")]);
    grant(&mut pair.subscribing).await;
    assert_eq!(subscribed.await, Ok(vec![Ok(Qos::AtLeastOnce)]));
    let published = peer.connection.publish(publish("t", ""));
    let pkid = pair.publishing.publish().await.pkid;
    pair.subscribing.send(message("response")).await;
    assert_eq!(peer.message().await.payload, "response");
    pair.publishing.ack(pkid, PubAckReason::Success).await;
    assert_eq!(published.await, Ok(Published::Delivered));
    let _unsubscribed = peer.connection.unsubscribe(vec!["m".into()]);
    assert!(matches!(
        pair.subscribing.next().await,
        Some(Packet::Unsubscribe(_))
    ));
    // Nobody subscribed there.
    pair.publishing.send(message("astray")).await;
    let published = peer.connection.publish(publish("t", ""));
    let pkid = pair.publishing.publish().await.pkid;
    pair.publishing.ack(pkid, PubAckReason::Success).await;
    published.await.unwrap();
    assert!(peer.events.try_recv().is_err());
}

#[tokio::test]
async fn each_keeps_to_the_limits_of_its_own_connack() {
    let broker = Scripted::start().await;
    let peer = Peer::open(two(broker.port), None);
    let (mut publishing, _) = broker
        .client(|c| {
            c.max_packet_size = Some(50);
            c.receive_max = Some(1);
        })
        .await;
    let (mut subscribing, _) = broker
        .client(|c| c.shared_subscription_available = Some(0))
        .await;
    peer.connection.wait_connected(in_deadline()).await.unwrap();
    assert!(matches!(
        peer.publish(publish("t", &"x".repeat(50))).await,
        Err(RequestError::TooLarge { limit: 50, .. })
    ));
    let subscribe = |filter: String| peer.connection.subscribe(vec![subscription(&filter)]);
    assert!(matches!(
        subscribe("$share/g/t".into()).await,
        Err(RequestError::Refused(_))
    ));
    let long = subscribe("x".repeat(50));
    grant(&mut subscribing).await;
    assert!(long.await.is_ok());
    let [first, second] = ["1", "2"].map(|payload| peer.connection.publish(publish("t", payload)));
    let pkid = publishing.publish().await.pkid;
    publishing.ack(pkid, PubAckReason::Success).await;
    assert_eq!(first.await, Ok(Published::Delivered));
    let pkid = publishing.publish().await.pkid;
    publishing.ack(pkid, PubAckReason::Success).await;
    assert_eq!(second.await, Ok(Published::Delivered));
}

#[tokio::test]
async fn the_loss_of_either_is_one_loss_and_closes_both() {
    let broker = Scripted::start().await;
    let (mut pair, mut peer) = Pair::with_peer(&broker).await;
    for first in [true, false] {
        let published = peer.connection.publish(publish("t", ""));
        let subscribed = peer.connection.subscribe(vec![subscription("m")]);
        pair.publishing.publish().await;
        assert!(matches!(
            pair.subscribing.next().await,
            Some(Packet::Subscribe(_))
        ));
        let (dead, mut other) = if first {
            (pair.publishing, pair.subscribing)
        } else {
            (pair.subscribing, pair.publishing)
        };
        drop(dead);
        assert_eq!(
            other.next().await,
            None,
            "no DISCONNECT: the will must fire"
        );
        assert_eq!(soon("a result", published).await, Err(RequestError::Lost));
        assert_eq!(soon("a result", subscribed).await, Err(RequestError::Lost));
        assert!(matches!(
            peer.lost().await,
            (ConnectionError::Closed { .. }, Some(_))
        ));
        pair = Pair::accept(&broker).await;
        assert!(matches!(peer.event().await, Event::Connected { .. }));
    }
}

/// The will must not fire for somebody who never was there.
#[tokio::test]
async fn the_one_with_the_will_does_not_connect_alone() {
    let broker = Scripted::start().await;
    let mut peer = Peer::open(two(broker.port), Some(will()));
    drop(broker.socket().await);
    peer.lost().await;
    let (_publishing, connect, no_will) = client_with_will(&broker).await;
    assert!(!connect.client_id.ends_with("-sub"));
    assert_eq!(no_will, None);
}

#[tokio::test]
async fn a_disconnect_lets_the_one_that_publishes_go_first() {
    let broker = Scripted::start().await;
    let (mut pair, mut peer) = Pair::with_peer(&broker).await;
    let published = peer.connection.publish(publish("t", ""));
    let pkid = pair.publishing.publish().await.pkid;
    let subscribed = peer.connection.subscribe(vec![subscription("m")]);
    let connection = peer.connection.clone();
    let closing = tokio::spawn(async move { connection.disconnect().await });
    pair.publishing.ack(pkid, PubAckReason::Success).await;
    assert_eq!(
        soon("the result", published).await,
        Ok(Published::Delivered)
    );
    pair.subscribing.send(message("first")).await;
    assert_eq!(peer.message().await.payload, "first");
    assert!(pair.publishing.next().now_or_never().is_none());
    grant(&mut pair.subscribing).await;
    assert!(soon("the result", subscribed).await.is_ok());
    assert!(matches!(
        pair.publishing.next().await,
        Some(Packet::Disconnect(_))
    ));
    // Until the end.
    pair.subscribing.send(message("late")).await;
    assert_eq!(peer.message().await.payload, "late");
    drop(pair.publishing);
    assert!(matches!(
        pair.subscribing.next().await,
        Some(Packet::Disconnect(_))
    ));
    drop(pair.subscribing);
    soon("the end", closing).await.unwrap();
}

#[tokio::test]
async fn an_abort_closes_both_without_a_word() {
    let broker = Scripted::start().await;
    let (mut pair, peer) = Pair::with_peer(&broker).await;
    peer.connection.abort();
    assert_eq!(pair.publishing.next().await, None);
    assert_eq!(pair.subscribing.next().await, None);
}

#[tokio::test]
async fn either_being_taken_over_gives_both_another_id() {
    let broker = Scripted::start().await;
    let mut peer = Peer::open(two(broker.port), None);
    let mut ids = Vec::new();
    for first in [true, false, true] {
        let (mut publishing, connect) = broker.client(|_| ()).await;
        let (mut subscribing, second) = broker.client(|_| ()).await;
        assert_eq!(second.client_id, format!("{}-sub", connect.client_id));
        assert!(!ids.contains(&connect.client_id));
        ids.push(connect.client_id);
        assert!(matches!(peer.event().await, Event::Connected { .. }));
        let either = if first {
            &mut publishing
        } else {
            &mut subscribing
        };
        either.send_bytes(&TAKEN_OVER).await;
        assert!(matches!(
            peer.lost().await,
            (ConnectionError::TakenOver { .. }, Some(_))
        ));
    }
}

#[tokio::test]
async fn on_mosquitto_calls_and_answers_pass_and_everything_leaves_before_the_end() {
    let broker = Mosquitto::start();
    let mut witness = Peer::connected(two(broker.port)).await;
    witness.subscribe("#").await;
    let mut peer = Peer::open(two(broker.port), Some(will()));
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    peer.subscribe("answer").await;
    peer.publish(publish("call", "")).await.unwrap();
    assert_eq!(witness.message().await.topic, "call");
    witness.publish(publish("answer", "")).await.unwrap();
    assert_eq!(peer.message().await.topic, "answer");
    assert_eq!(witness.message().await.topic, "answer");

    let publishes: Vec<_> = (0..500)
        .map(|n| peer.connection.publish(publish("n", &n.to_string())))
        .collect();
    soon("the disconnect", peer.connection.disconnect()).await;
    for answer in publishes {
        assert_eq!(soon("an answer", answer).await, Ok(Published::Delivered));
    }
    for n in 0..500 {
        assert_eq!(witness.message().await.payload, n.to_string());
    }
    // Were there a will, it would come before this.
    witness.publish(publish("end", "")).await.unwrap();
    assert_eq!(witness.message().await.topic, "end");
}

#[tokio::test]
async fn on_mosquitto_the_will_fires_when_either_is_lost() {
    let broker = Mosquitto::start();
    let mut witness = Peer::connected(options(broker.port)).await;
    witness.subscribe("will").await;
    for taken in ["mine", "mine-sub"] {
        let mine = ConnectOptions {
            client_id: Some("mine".into()),
            ..two(broker.port)
        };
        let mut peer = Peer::open(mine, Some(will()));
        assert!(matches!(peer.event().await, Event::Connected { .. }));
        let thief = ConnectOptions {
            client_id: Some(taken.into()),
            ..options(broker.port)
        };
        let _thief = Peer::connected(thief).await;
        peer.lost().await;
        assert_eq!(witness.message().await.payload, "gone");
        // Not again, by an attempt that the other client throws out.
        peer.connection.abort();
    }
}
