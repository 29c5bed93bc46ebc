//! One connection becomes two, and one again where that does not go well.

use std::pin::pin;

use futures_util::poll;
use rumqttc::v5::mqttbytes::v5::{ConnAck, ConnectReturnCode, Packet, PubAckReason};

use super::lifecycle::will;
use super::pair::{Pair, client_with_will, grant, message};
use super::scripted::{Scripted, Socket};
use super::*;

fn auto(port: u16) -> ConnectOptions {
    options(port).named("scout")
}

/// A peer with one connection, and its socket.
async fn single(broker: &Scripted) -> (Socket, Peer) {
    let mut peer = Peer::open(auto(broker.port), None);
    let (socket, _) = broker.client(|_| ()).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    (socket, peer)
}

fn split(peer: &Peer) -> tokio::task::JoinHandle<bool> {
    let connection = peer.connection.clone();
    tokio::spawn(async move { connection.split().await })
}

async fn expect_disconnect(mut socket: Socket) {
    assert!(matches!(socket.next().await, Some(Packet::Disconnect(_))));
}

/// A split on the way, in which the first connection has left.
async fn splitting(broker: &Scripted) -> (Peer, tokio::task::JoinHandle<bool>) {
    let (socket, peer) = single(broker).await;
    let splitting = split(&peer);
    expect_disconnect(socket).await;
    (peer, splitting)
}

#[tokio::test]
async fn one_connection_becomes_two_in_order_and_without_a_loss() {
    let broker = Scripted::start().await;
    let options = ConnectOptions {
        session_expiry: Duration::from_secs(60),
        ..auto(broker.port)
    };
    let mut peer = Peer::open(options, Some(will()));
    let (mut socket, only, one_will) = client_with_will(&broker).await;
    assert!(one_will.is_some());
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    assert_eq!(peer.connection.connections_in_use(), Connections::One);
    assert!(peer.connection.can_split());

    let before = peer.connection.publish(publish("t", "before"));
    let splitting = split(&peer);
    let pkid = socket.publish().await.pkid;
    socket.send(message("still")).await;
    assert_eq!(peer.message().await.payload, "still");
    socket.ack(pkid, PubAckReason::Success).await;
    assert_eq!(soon("a result", before).await, Ok(Published::Delivered));
    expect_disconnect(socket).await;

    let (_publishing, first, no_will) = client_with_will(&broker).await;
    let (_subscribing, second, two_will) = client_with_will(&broker).await;
    assert_eq!(first.client_id, only.client_id);
    assert_eq!(second.client_id, format!("{}-sub", only.client_id));
    assert!(first.clean_start && second.clean_start);
    assert!(no_will.is_none() && two_will.is_some());
    assert!(matches!(
        peer.event().await,
        Event::Connected {
            session_present: false
        }
    ));
    assert!(soon("the split", splitting).await.unwrap());
    assert_eq!(peer.connection.connections_in_use(), Connections::Two);
    assert!(!peer.connection.can_split());
    // Once is enough.
    assert!(peer.connection.split().await);
}

#[tokio::test]
async fn what_is_requested_meanwhile_waits_until_the_handler_has_its_answers() {
    let broker = Scripted::start().await;
    let (sender, mut events) = mpsc::unbounded_channel();
    let connection = Connection::open_with(auto(broker.port), None, |weak| {
        move |event| {
            if matches!(event, Event::Connected { .. }) {
                let connection = weak.upgrade().unwrap();
                drop(connection.subscribe(vec![subscription("inbox")]));
            }
            drop(sender.send(event));
        }
    })
    .unwrap();
    let (mut socket, _) = broker.client(|_| ()).await;
    grant(&mut socket).await;
    connection.wait_connected(in_deadline()).await.unwrap();
    let splitting = tokio::spawn({
        let connection = connection.clone();
        async move { connection.split().await }
    });
    expect_disconnect(socket).await;
    let held = tokio::spawn(connection.publish(publish("t", "held")));
    let mut pair = Pair::accept(&broker).await;
    for _ in 0..2 {
        assert!(matches!(
            soon("an event", events.recv()).await,
            Some(Event::Connected { .. })
        ));
    }
    // One that nobody holds goes before the one that waits for the inbox.
    let free = connection.publish(publish("t", "free"));
    let first = pair.publishing.publish().await;
    assert_eq!(&first.payload[..], b"free");
    pair.publishing.ack(first.pkid, PubAckReason::Success).await;
    assert_eq!(soon("a result", free).await, Ok(Published::Delivered));
    grant(&mut pair.subscribing).await;
    let second = pair.publishing.publish().await;
    assert_eq!(&second.payload[..], b"held");
    pair.publishing
        .ack(second.pkid, PubAckReason::Success)
        .await;
    assert_eq!(
        soon("a result", held).await.unwrap(),
        Ok(Published::Delivered)
    );
    assert!(soon("the split", splitting).await.unwrap());
}

#[tokio::test]
async fn what_was_requested_before_leaves_before_although_the_queue_is_full() {
    let broker = Scripted::start().await;
    let (mut socket, peer) = single(&broker).await;
    let before: Vec<_> = (0..1500)
        .map(|n| tokio::spawn(peer.connection.publish(publish("t", &n.to_string()))))
        .collect();
    let mut splitting = pin!(peer.connection.split());
    assert!(poll!(&mut splitting).is_pending());
    let held = tokio::spawn(peer.connection.publish(publish("t", "held")));
    for _ in 0..1500 {
        let pkid = socket.publish().await.pkid;
        socket.ack(pkid, PubAckReason::Success).await;
    }
    expect_disconnect(socket).await;
    for answer in before {
        assert_eq!(
            soon("a result", answer).await.unwrap(),
            Ok(Published::Delivered)
        );
    }
    let mut pair = Pair::accept(&broker).await;
    let publish = pair.publishing.publish().await;
    assert_eq!(&publish.payload[..], b"held");
    pair.publishing
        .ack(publish.pkid, PubAckReason::Success)
        .await;
    assert!(soon("a result", held).await.unwrap().is_ok());
    assert!(soon("the split", splitting).await);
}

#[tokio::test]
async fn a_loss_ends_the_split_and_it_may_be_asked_for_again() {
    let broker = Scripted::start().await;
    let (mut socket, mut peer) = single(&broker).await;
    let answer = peer.connection.publish(publish("t", ""));
    socket.publish().await;
    {
        let mut splitting = pin!(peer.connection.split());
        assert!(poll!(&mut splitting).is_pending());
        let held = tokio::spawn(peer.connection.publish(publish("t", "")));
        drop(socket);
        assert_eq!(soon("a result", answer).await, Err(RequestError::Lost));
        assert_eq!(
            soon("a result", held).await.unwrap(),
            Err(RequestError::NotSent)
        );
        assert!(!soon("the split", splitting).await);
    }
    peer.lost().await;
    assert_eq!(
        peer.publish(publish("t", "")).await,
        Err(RequestError::NotConnected)
    );
    let (socket, _) = broker.client(|_| ()).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    let splitting = split(&peer);
    expect_disconnect(socket).await;
    let _pair = Pair::accept(&broker).await;
    assert!(soon("the split", splitting).await.unwrap());
}

#[tokio::test]
async fn whoever_chose_or_set_the_id_stays_with_what_there_is() {
    let broker = Scripted::start().await;
    let one = ConnectOptions {
        connections: Connections::One,
        ..auto(broker.port)
    };
    // The broker may know the client by it.
    let own_id = ConnectOptions {
        client_id: Some("mine".into()),
        ..auto(broker.port)
    };
    for options in [one, own_id] {
        let mut peer = Peer::open(options, None);
        let (_socket, _) = broker.client(|_| ()).await;
        assert!(matches!(peer.event().await, Event::Connected { .. }));
        assert!(!peer.connection.can_split());
        assert!(!soon("the split", peer.connection.split()).await);
        assert!(peer.connection.is_connected());
    }
}

#[tokio::test]
async fn a_broker_that_refuses_the_second_one_gets_one_again() {
    let broker = Scripted::start().await;
    let (mut peer, splitting) = splitting(&broker).await;
    let held = tokio::spawn(peer.connection.publish(publish("t", "")));
    let (_publishing, _) = broker.client(|_| ()).await;
    let mut refused = broker.socket().await;
    refused.connect().await;
    refused
        .send(Packet::ConnAck(ConnAck {
            session_present: false,
            code: ConnectReturnCode::ClientIdentifierNotValid,
            properties: None,
        }))
        .await;
    assert!(matches!(
        peer.lost().await,
        (ConnectionError::Refused { code: 0x85, .. }, Some(_))
    ));
    assert_eq!(
        soon("a result", held).await.unwrap(),
        Err(RequestError::NotSent)
    );
    assert!(!soon("the split", splitting).await.unwrap());
    let (mut socket, connect) = broker.client(|_| ()).await;
    assert!(!connect.client_id.ends_with("-sub"));
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    // Everything goes over it, and it stays so.
    let _subscribed = peer.connection.subscribe(vec![subscription("m")]);
    grant(&mut socket).await;
    assert!(!peer.connection.can_split());
}

/// A broker that makes client ids of user names lets the second one throw out the first.
#[tokio::test]
async fn two_that_break_before_they_proved_to_last_become_one_again() {
    let broker = Scripted::start().await;
    let (mut peer, _splitting) = splitting(&broker).await;
    let pair = Pair::accept(&broker).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    drop(pair.publishing);
    peer.lost().await;
    let (_socket, _) = broker.client(|_| ()).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    assert_eq!(peer.connection.connections_in_use(), Connections::One);
}

#[tokio::test]
async fn two_that_lasted_stay_two() {
    let broker = Scripted::start().await;
    let (mut peer, _splitting) = splitting(&broker).await;
    let pair = Pair::accept(&broker).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    drop(pair);
    peer.lost().await;
    Pair::accept(&broker).await;
    assert!(matches!(peer.event().await, Event::Connected { .. }));
}

#[tokio::test]
async fn a_split_is_given_up_when_something_gets_no_answer() {
    let broker = Scripted::start().await;
    let (mut socket, peer) = single(&broker).await;
    let unanswered = peer.connection.publish(publish("t", ""));
    let pkid = socket.publish().await.pkid;
    tokio::time::pause();
    let mut splitting = pin!(peer.connection.split());
    assert!(poll!(&mut splitting).is_pending());
    let held = tokio::spawn(peer.connection.publish(publish("t", "held")));
    assert!(!splitting.await);
    tokio::time::resume();
    let publish = socket.publish().await;
    assert_eq!(&publish.payload[..], b"held");
    socket.ack(publish.pkid, PubAckReason::Success).await;
    assert!(soon("a result", held).await.unwrap().is_ok());
    // Nor is there a DISCONNECT when it comes.
    socket.ack(pkid, PubAckReason::Success).await;
    assert!(soon("a result", unanswered).await.is_ok());
    assert!(peer.connection.can_split());
    assert!(peer.connection.is_connected());
}

#[tokio::test]
async fn a_close_goes_before_a_split() {
    let broker = Scripted::start().await;
    let (mut socket, peer) = single(&broker).await;
    let answer = peer.connection.publish(publish("t", ""));
    let pkid = socket.publish().await.pkid;
    let connection = peer.connection.clone();
    let mut splitting = pin!(connection.split());
    assert!(poll!(&mut splitting).is_pending());
    let held = tokio::spawn(peer.connection.publish(publish("t", "")));
    let connection = peer.connection.clone();
    let closing = tokio::spawn(async move { connection.disconnect().await });
    socket.ack(pkid, PubAckReason::Success).await;
    assert_eq!(soon("a result", answer).await, Ok(Published::Delivered));
    expect_disconnect(socket).await;
    soon("the end", closing).await.unwrap();
    assert_eq!(
        soon("a result", held).await.unwrap(),
        Err(RequestError::NotSent)
    );
    assert!(!soon("the split", splitting).await);
}
