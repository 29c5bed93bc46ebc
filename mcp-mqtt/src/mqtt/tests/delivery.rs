//! Each request and its own answer, on Mosquitto.

use std::collections::HashMap;

use tokio::task::JoinSet;

use super::mosquitto::Mosquitto;
use super::*;

/// Everybody may write `open/#`, nobody `closed/#`.
fn with_acl() -> Mosquitto {
    Mosquitto::with(
        "acl_file {dir}/acl\n",
        &[("acl", "user scout\ntopic readwrite open/#\n")],
    )
}

#[tokio::test]
async fn a_message_arrives_with_every_property() {
    let broker = Mosquitto::start();
    let mut peer = Peer::connected(options(broker.port)).await;
    peer.subscribe("a/+").await;
    let properties = Properties {
        response_topic: Some("r/ä".into()),
        correlation_data: Some(vec![0, 255, 7].into()),
        content_type: Some("application/json".into()),
        message_expiry: Some(60),
        utf8_payload: true,
        user: vec![("k".into(), "1".into()), ("k".into(), "2".into())],
    };
    let sent = Publish {
        properties: properties.clone(),
        ..publish("a/b", "ü")
    };
    assert_eq!(peer.publish(sent).await, Ok(Published::Delivered));
    let message = peer.message().await;
    assert_eq!(
        (message.topic.as_str(), &message.payload[..]),
        ("a/b", "ü".as_bytes())
    );
    assert_eq!((message.qos, message.retain), (Qos::AtLeastOnce, false));
    assert_eq!(message.properties, properties);
}

#[tokio::test]
async fn a_publish_that_nobody_subscribed_to_says_so() {
    let broker = Mosquitto::start();
    let peer = Peer::connected(options(broker.port)).await;
    assert_eq!(
        peer.publish(publish("a", "")).await,
        Ok(Published::NoSubscriber)
    );
}

#[tokio::test]
async fn a_publish_that_nobody_waits_for_tells_how_it_failed() {
    let broker = with_acl();
    let peer = Peer::connected(user(broker.port, "scout")).await;
    peer.subscribe("open/heard").await;
    let (to, mut told) = mpsc::unbounded_channel();
    for topic in ["open/heard", "open/unheard", "closed/a"] {
        let to = to.clone();
        let failed = move |outcome| drop(to.send((topic, outcome)));
        assert!(peer.connection.publish_now(publish(topic, ""), failed));
    }
    drop(to);
    let refused = Err(RequestError::Refused(ReasonCode::NOT_AUTHORIZED));
    let mut failures = Vec::new();
    while let Some(failure) = told.recv().await {
        failures.push(failure);
    }
    failures.sort_by_key(|failure| failure.0);
    assert_eq!(
        failures,
        [
            ("closed/a", refused),
            ("open/unheard", Ok(Published::NoSubscriber))
        ]
    );
    let invalid = publish("+", "");
    assert!(!peer.connection.publish_now(invalid, |_| {}));
}

#[tokio::test]
async fn a_publish_the_acl_refuses_fails_alone() {
    let broker = with_acl();
    let peer = Peer::connected(user(broker.port, "scout")).await;
    let refused = peer.publish(publish("closed/a", "")).await;
    assert_eq!(
        refused,
        Err(RequestError::Refused(ReasonCode::NOT_AUTHORIZED))
    );
    assert_eq!(
        peer.publish(publish("open/a", "")).await,
        Ok(Published::NoSubscriber)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_concurrent_publishes_each_get_their_own_answer() {
    let broker = with_acl();
    let mut peer = Peer::connected(user(broker.port, "scout")).await;
    peer.subscribe("open/heard").await;
    let mut publishes = JoinSet::new();
    for number in 0..2000 {
        let connection = peer.connection.clone();
        publishes.spawn(async move {
            let (topic, expected) = match number % 3 {
                0 => ("open/heard", Ok(Published::Delivered)),
                1 => ("open/unheard", Ok(Published::NoSubscriber)),
                _ => (
                    "closed/x",
                    Err(RequestError::Refused(ReasonCode::NOT_AUTHORIZED)),
                ),
            };
            let answer = connection
                .publish(publish(topic, &number.to_string()))
                .await;
            assert_eq!(answer, expected, "publish {number} to {topic}");
        });
    }
    let all = async {
        while let Some(publish) = publishes.join_next().await {
            publish.unwrap()
        }
    };
    soon("2000 publishes", all).await;
    let mut heard = HashMap::new();
    for _ in 0..667 {
        *heard.entry(peer.message().await.payload).or_insert(0) += 1;
    }
    assert_eq!(heard.len(), 667);
}

#[tokio::test]
async fn requests_leave_in_the_order_of_the_calls_although_nobody_polls_them() {
    let broker = Mosquitto::start();
    let mut peer = Peer::connected(options(broker.port)).await;
    // The subscribe is first, so that it hears them all.
    let subscribed = peer.connection.subscribe(vec![subscription("n")]);
    let mut publishes: Vec<_> = (0..900)
        .map(|n| peer.connection.publish(publish("n", &n.to_string())))
        .collect();
    for n in 0..900 {
        assert_eq!(peer.message().await.payload, n.to_string());
    }
    assert_eq!(subscribed.await, Ok(vec![Ok(Qos::AtLeastOnce)]));
    assert_eq!(publishes.pop().unwrap().await, Ok(Published::Delivered));
}

#[tokio::test]
async fn more_than_the_queue_holds_waits_for_room() {
    let broker = Mosquitto::start();
    let mut peer = Peer::connected(options(broker.port)).await;
    peer.subscribe("n").await;
    let publishes: Vec<_> = (0..3000)
        .map(|n| peer.connection.publish(publish("n", &n.to_string())))
        .collect();
    for answer in publishes {
        assert_eq!(soon("a publish", answer).await, Ok(Published::Delivered));
    }
    for n in 0..3000 {
        assert_eq!(peer.message().await.payload, n.to_string());
    }
}

#[tokio::test]
async fn the_handler_may_publish_even_into_a_full_queue() {
    let broker = Mosquitto::start();
    let (sender, mut answers) = mpsc::unbounded_channel();
    let handler = move |weak: WeakConnection| {
        move |event| match event {
            Event::Connected { .. } => {
                let connection = weak.upgrade().unwrap();
                assert!(connection.is_connected());
                drop(connection.subscribe(vec![subscription("start"), subscription("echo")]));
                drop(connection.publish(publish("start", "")));
            }
            Event::Message(message) if message.topic == "start" => {
                for n in 0..1500 {
                    let answer = weak
                        .upgrade()
                        .unwrap()
                        .publish(publish("echo", &n.to_string()));
                    sender.send(answer).unwrap();
                }
            }
            _ => {}
        }
    };
    let connection = Connection::open_with(options(broker.port), None, handler).unwrap();
    for _ in 0..1500 {
        let answer = soon("the handler's publish", answers.recv()).await.unwrap();
        assert_eq!(soon("its answer", answer).await, Ok(Published::Delivered));
    }
    drop(connection);
}

#[tokio::test]
async fn what_the_handler_requests_at_connected_comes_first() {
    let broker = Mosquitto::start();
    let handler = |weak: WeakConnection| {
        move |event| {
            if let Event::Connected { .. } = event {
                drop(weak.upgrade().unwrap().subscribe(vec![subscription("a")]));
            }
        }
    };
    let connection = Connection::open_with(options(broker.port), None, handler).unwrap();
    connection.wait_connected(in_deadline()).await.unwrap();
    assert_eq!(
        soon("a publish", connection.publish(publish("a", ""))).await,
        Ok(Published::Delivered)
    );
}

#[tokio::test]
async fn qos_0_has_its_result_when_it_left() {
    let broker = Mosquitto::start();
    let mut peer = Peer::connected(options(broker.port)).await;
    peer.subscribe("a").await;
    let sent = Publish {
        qos: Qos::AtMostOnce,
        ..publish("a", "x")
    };
    assert_eq!(peer.publish(sent).await, Ok(Published::Delivered));
    assert_eq!(peer.message().await.qos, Qos::AtMostOnce);
}

#[tokio::test]
async fn a_retained_message_keeps_its_flag_when_it_is_forwarded_live() {
    let broker = Mosquitto::start();
    let mut peer = Peer::connected(options(broker.port)).await;
    peer.subscribe("a").await;
    peer.publish(Publish {
        retain: true,
        ..publish("a", "x")
    })
    .await
    .unwrap();
    assert!(peer.message().await.retain);
    let never = Subscription {
        retain: RetainHandling::Never,
        ..subscription("a")
    };
    peer.connection.subscribe(vec![never]).await.unwrap()[0].unwrap();
    peer.publish(publish("a", "y")).await.unwrap();
    assert_eq!(peer.message().await.payload, "y");
}

#[tokio::test]
async fn no_local_keeps_own_messages_away() {
    let broker = Mosquitto::start();
    let mut peer = Peer::connected(options(broker.port)).await;
    let no_local = Subscription {
        no_local: true,
        ..subscription("a")
    };
    peer.connection
        .subscribe(vec![no_local, subscription("b")])
        .await
        .unwrap();
    peer.publish(publish("a", "")).await.unwrap();
    peer.publish(publish("b", "")).await.unwrap();
    assert_eq!(peer.message().await.topic, "b");
}

#[tokio::test]
async fn unsubscribing_ends_the_messages_and_may_be_repeated() {
    let broker = Mosquitto::start();
    let mut peer = Peer::connected(options(broker.port)).await;
    peer.subscribe("a").await;
    peer.subscribe("b").await;
    for _ in 0..2 {
        let filters = vec!["a".to_owned(), "never/was".to_owned()];
        assert_eq!(
            soon("an unsubscribe", peer.connection.unsubscribe(filters)).await,
            Ok(())
        );
    }
    assert_eq!(
        peer.publish(publish("a", "")).await,
        Ok(Published::NoSubscriber)
    );
    peer.publish(publish("b", "")).await.unwrap();
    assert_eq!(peer.message().await.topic, "b");
    assert_eq!(peer.connection.subscribe(vec![]).await, Ok(vec![]));
}

#[tokio::test]
async fn what_would_end_the_connection_is_refused_before_it_is_sent() {
    let broker = Mosquitto::start();
    let mut peer = Peer::connected(options(broker.port)).await;
    for topic in ["", "a/+", "#", "a\0", "a\u{1}", &"x".repeat(65_536)] {
        let refused = peer.publish(publish(topic, "")).await;
        assert!(
            matches!(refused, Err(RequestError::Invalid(_))),
            "{topic:?}"
        );
    }
    for filter in ["", "a#", "$share/g", "$share/g/", "a\0"] {
        let refused = peer.connection.subscribe(vec![subscription(filter)]).await;
        assert!(
            matches!(refused, Err(RequestError::Invalid(_))),
            "{filter:?}"
        );
        assert!(
            peer.connection
                .unsubscribe(vec![filter.to_owned()])
                .await
                .is_err()
        );
    }
    peer.subscribe("good").await;
    peer.publish(publish("good", "")).await.unwrap();
    assert_eq!(peer.message().await.topic, "good");
}

#[tokio::test]
async fn a_packet_over_the_brokers_limit_fails_alone_and_one_at_the_limit_passes() {
    let broker = Mosquitto::with("max_packet_size 2000\n", &[]);
    let mut peer = Peer::connected(options(broker.port)).await;
    assert_eq!(peer.connection.max_packet_size(), Some(2000));
    peer.subscribe("t").await;
    let user = vec![("key".to_owned(), "value".to_owned())];
    let sized = |payload: usize| Publish {
        properties: Properties {
            user: user.clone(),
            ..Properties::default()
        },
        ..publish("t", &"x".repeat(payload))
    };
    let fits = (0..2000)
        .rev()
        .find(|payload| sized(*payload).size() == 2000)
        .unwrap();
    let refused = peer.publish(sized(fits + 1)).await;
    assert_eq!(
        refused,
        Err(RequestError::TooLarge {
            size: 2001,
            limit: 2000
        })
    );
    assert_eq!(peer.publish(sized(fits)).await, Ok(Published::Delivered));
    assert_eq!(peer.message().await.payload.len(), fits);
}

#[tokio::test]
async fn a_receive_maximum_of_one_is_kept() {
    let broker = Mosquitto::with("max_inflight_messages 1\n", &[]);
    let peer = Peer::connected(options(broker.port)).await;
    assert_eq!(peer.connection.limits().unwrap().receive_maximum, 1);
    let publishes: Vec<_> = (0..300)
        .map(|n| peer.connection.publish(publish("n", &n.to_string())))
        .collect();
    peer.subscribe("a").await;
    for answer in publishes {
        assert_eq!(soon("a publish", answer).await, Ok(Published::NoSubscriber));
    }
}

#[tokio::test]
async fn a_message_of_megabytes_passes() {
    let broker = Mosquitto::start();
    let mut peer = Peer::connected(options(broker.port)).await;
    peer.subscribe("a").await;
    let text = "x".repeat(4 * 1024 * 1024);
    assert_eq!(
        peer.publish(publish("a", &text)).await,
        Ok(Published::Delivered)
    );
    assert_eq!(peer.message().await.payload.len(), text.len());
}
