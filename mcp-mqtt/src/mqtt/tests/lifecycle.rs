//! Connecting, losing, connecting again, and ending, on Mosquitto.

use std::error::Error;
use std::io;

use super::mosquitto::Mosquitto;
use super::*;

pub(super) fn will() -> Will {
    Will {
        topic: "will".into(),
        payload: "gone".into(),
        retain: false,
        properties: Properties::default(),
    }
}

/// A peer with a will, and one that waits for it.
async fn mortal_and_witness(broker: &Mosquitto) -> (Peer, Peer) {
    let witness = Peer::connected(options(broker.port)).await;
    witness.subscribe("#").await;
    let mut mortal = Peer::open(options(broker.port), Some(will()));
    assert!(matches!(
        mortal.event().await,
        Event::Connected {
            session_present: false
        }
    ));
    (mortal, witness)
}

#[tokio::test]
async fn a_broker_killed_in_mid_flight_leaves_nobody_waiting() {
    let mut broker = Mosquitto::start();
    let mut peer = Peer::connected(options(broker.port)).await;
    // What Mosquitto allows by default.
    assert_eq!(peer.connection.limits().unwrap().receive_maximum, 20);
    broker.freeze();
    let ten = (0..10).map(|n| publish("n", &n.to_string()));
    let mut publishes: Vec<_> = ten.map(|p| peer.connection.publish(p)).collect();
    // When this has left, so have those before it.
    let marker = Publish {
        qos: Qos::AtMostOnce,
        ..publish("n", "")
    };
    assert_eq!(peer.publish(marker).await, Ok(Published::Delivered));
    publishes.extend((10..1500).map(|n| peer.connection.publish(publish("n", &n.to_string()))));
    let waiting = tokio::spawn(async move {
        let mut counts = [0; 2];
        for answer in publishes {
            match soon("an answer", answer).await {
                Err(RequestError::Lost) => counts[0] += 1,
                Err(RequestError::NotSent) => counts[1] += 1,
                other => panic!("{other:?}"),
            }
        }
        counts
    });
    broker.kill();
    let (error, retry_in) = peer.lost().await;
    assert!(matches!(error, ConnectionError::Closed { .. }), "{error:?}");
    assert!(retry_in.is_some());
    let [lost, not_sent] = soon("all answers", waiting).await.unwrap();
    assert!((10..=20).contains(&lost), "{lost}");
    assert_eq!(lost + not_sent, 1500);
    assert_eq!(
        peer.publish(publish("a", "")).await,
        Err(RequestError::NotConnected)
    );

    broker.restart();
    while !matches!(
        peer.event().await,
        Event::Connected {
            session_present: false
        }
    ) {}
    peer.subscribe("a").await;
    assert_eq!(
        peer.publish(publish("a", "again")).await,
        Ok(Published::Delivered)
    );
    // Nothing is replayed.
    assert_eq!(peer.message().await.payload, "again");
}

#[tokio::test]
async fn the_will_fires_on_abort() {
    let broker = Mosquitto::start();
    let (mortal, mut witness) = mortal_and_witness(&broker).await;
    mortal.connection.abort();
    assert!(matches!(
        soon("the end", mortal.connection.ended()).await,
        ConnectionError::Stopped
    ));
    assert_eq!(witness.message().await.payload, "gone");
    assert_eq!(
        mortal.publish(publish("a", "")).await,
        Err(RequestError::NotConnected)
    );
}

#[tokio::test]
async fn the_will_fires_when_every_handle_is_dropped() {
    let broker = Mosquitto::start();
    let (mortal, mut witness) = mortal_and_witness(&broker).await;
    drop(mortal);
    assert_eq!(witness.message().await.payload, "gone");
}

#[tokio::test]
async fn the_will_does_not_fire_on_disconnect_and_everything_requested_before_leaves() {
    let broker = Mosquitto::start();
    let (mortal, mut witness) = mortal_and_witness(&broker).await;
    let publishes: Vec<_> = (0..3000)
        .map(|n| mortal.connection.publish(publish("n", &n.to_string())))
        .collect();
    let answers = tokio::spawn(async move {
        for answer in publishes {
            assert_eq!(soon("an answer", answer).await, Ok(Published::Delivered));
        }
    });
    soon("the disconnect", mortal.connection.disconnect()).await;
    answers.await.unwrap();
    assert_eq!(
        mortal.publish(publish("n", "late")).await,
        Err(RequestError::NotConnected)
    );
    for n in 0..3000 {
        assert_eq!(witness.message().await.payload, n.to_string());
    }
    // Were there a will, it would come before this.
    witness.publish(publish("end", "")).await.unwrap();
    assert_eq!(witness.message().await.topic, "end");
    // Again is nothing.
    soon("the second disconnect", mortal.connection.disconnect()).await;
}

#[tokio::test]
async fn a_connection_that_never_was_can_be_closed() {
    let mut broker = Mosquitto::start();
    broker.kill();
    let mut peer = Peer::open(options(broker.port), None);
    peer.lost().await;
    soon("the disconnect", peer.connection.disconnect()).await;
    assert!(matches!(
        soon("the end", peer.connection.ended()).await,
        ConnectionError::Stopped
    ));
    let waited = peer.connection.wait_connected(in_deadline()).await;
    assert!(matches!(waited, Err(ConnectionError::Stopped)));
}

#[tokio::test]
async fn a_wrong_password_is_told_in_words_and_ends_the_start() {
    // The hash of another password.
    let broker = Mosquitto::with(
        "allow_anonymous false\npassword_file {dir}/passwords\n",
        &[(
            "passwords",
            "scout:$7$101$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n",
        )],
    );
    let url = format!("mqtt://scout:wrong@127.0.0.1:{}", broker.port);
    let mut peer = Peer::open(ConnectOptions::new(url.parse().unwrap()), None);
    let (error, retry_in) = peer.lost().await;
    assert_eq!(retry_in, None);
    assert_eq!(
        error.to_string(),
        format!(
            "the broker at 127.0.0.1:{} refused the connection: not authorized (0x87); check the user name and the password",
            broker.port
        )
    );
    let waited = peer.connection.wait_connected(in_deadline()).await;
    assert!(matches!(
        waited,
        Err(ConnectionError::Refused { code: 0x87, .. })
    ));
}

#[tokio::test]
async fn an_unreachable_broker_is_told_with_its_cause_and_tried_again() {
    let mut broker = Mosquitto::start();
    broker.kill();
    let mut peer = Peer::open(options(broker.port), None);
    let (error, retry_in) = peer.lost().await;
    assert!(error.to_string().starts_with(&format!(
        "cannot reach the broker at 127.0.0.1:{};",
        broker.port
    )));
    let cause = error
        .source()
        .and_then(|source| source.downcast_ref::<std::sync::Arc<io::Error>>());
    assert_eq!(cause.unwrap().kind(), io::ErrorKind::ConnectionRefused);
    assert!(retry_in.unwrap() <= Duration::from_millis(500));
    let waited = peer.connection.wait_connected(Instant::now()).await;
    assert!(matches!(waited, Err(ConnectionError::Unreachable { .. })));
    broker.restart();
    peer.connection.wait_connected(in_deadline()).await.unwrap();
}

#[tokio::test]
async fn an_unknown_host_is_unreachable() {
    let mut peer = Peer::open(
        ConnectOptions::new("mqtt://broker.invalid".parse().unwrap()),
        None,
    );
    let (error, _) = peer.lost().await;
    assert!(
        matches!(error, ConnectionError::Unreachable { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_ipv6_address_is_understood() {
    let broker = Mosquitto::with("listener {port} ::1\n", &[]);
    let url = format!("mqtt://[::1]:{}", broker.port);
    Peer::connected(ConnectOptions::new(url.parse().unwrap())).await;
}

/// Mosquitto 2.0.11 closes the older connection without a DISCONNECT, so neither side can know why.
#[tokio::test]
async fn two_clients_with_one_id_wait_longer_and_longer_instead_of_chasing_each_other() {
    let broker = Mosquitto::start();
    let same = || ConnectOptions {
        client_id: Some("same".into()),
        ..options(broker.port)
    };
    let mut first = Peer::connected(same()).await;
    let mut second = Peer::connected(same()).await;
    let mut bound = Duration::from_millis(500);
    for _ in 0..3 {
        for peer in [&mut first, &mut second] {
            let (error, retry_in) = peer.lost().await;
            assert!(error.to_string().contains("same client id"), "{error}");
            assert!(retry_in.unwrap() <= bound);
            assert!(matches!(peer.event().await, Event::Connected { .. }));
        }
        bound *= 2;
    }
}

#[test]
fn outside_of_a_runtime_opening_fails_instead_of_panicking() {
    let error = Connection::open(options(1), None, drop).err().unwrap();
    assert!(matches!(error.faults[..], [OptionsFault::NoRuntime]));
}

#[tokio::test]
async fn a_will_that_cannot_be_sent_is_a_fault() {
    for bad in [
        Will {
            topic: "a/#".into(),
            ..will()
        },
        Will {
            payload: vec![0; 65_536].into(),
            ..will()
        },
        Will {
            properties: Properties {
                content_type: Some("\0".into()),
                ..Properties::default()
            },
            ..will()
        },
    ] {
        let error = Connection::open(options(1), Some(bad), drop).err().unwrap();
        assert!(matches!(error.faults[..], [OptionsFault::Will(_)]));
    }
}
