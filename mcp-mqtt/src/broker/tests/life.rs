//! Ports, starts and stops, and calls that come and go.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use super::peer::{Hello, Peer, SHUTTING_DOWN, SUCCESS, hello};
use super::{SCOUTS_CALL, SCOUTS_INBOX, SHARE, broker, builder};
use crate::broker::BrokerError;

#[tokio::test]
async fn by_default_it_listens_on_a_loopback_port_of_the_kernels_choice() {
    let broker = broker().await;
    let address = broker.address();
    assert!(address.ip().is_loopback());
    assert_ne!(address.port(), 0);
    assert_eq!(broker.url(), format!("mqtt://127.0.0.1:{}", address.port()));
    Peer::connect(address, hello("scout")).await;
}

#[tokio::test]
async fn two_brokers_in_one_process_are_two() {
    let (one, two) = (broker().await, broker().await);
    assert_ne!(one.address(), two.address());
    let mut scout = Peer::connect(one.address(), hello("scout")).await;
    scout.subscribe(SCOUTS_INBOX).await;
    let mut elsewhere = Peer::connect(two.address(), hello("hello")).await;
    elsewhere.publish(SCOUTS_INBOX, "elsewhere").await;
    let mut here = Peer::connect(one.address(), hello("hello")).await;
    here.publish(SCOUTS_INBOX, "here").await;
    assert_eq!(scout.message().await.payload, b"here");
}

#[tokio::test]
async fn a_stop_says_good_bye_and_frees_the_port() {
    let broker = broker().await;
    let address = broker.address();
    let mut scout = Peer::connect(address, hello("scout")).await;
    broker.stop().await;
    assert_eq!(scout.closed().await, Some(SHUTTING_DOWN));
    let again = builder().listen(address).start().await.unwrap();
    assert_eq!(again.address(), address);
}

#[tokio::test]
async fn a_client_that_says_nothing_does_not_hold_up_a_stop() {
    let broker = broker().await;
    let address = broker.address();
    let _silent = tokio::net::TcpStream::connect(address).await.unwrap();
    Peer::connect(address, hello("scout")).await; // so the silent one was accepted, too
    tokio::time::timeout(Duration::from_secs(3), broker.stop())
        .await
        .expect("a stop in time");
    TcpListener::bind(address).unwrap();
}

#[tokio::test]
async fn a_dropped_broker_stops() {
    let broker = broker().await;
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    drop(broker);
    assert_eq!(scout.closed().await, Some(SHUTTING_DOWN));
}

#[tokio::test]
async fn nothing_outlives_a_broker() {
    let one = broker().await;
    let address = one.address();
    let mut server = Peer::connect(address, hello("hello")).await;
    server.publish_retained(super::CARD, "online").await;
    one.stop().await;

    let _two = builder().listen(address).start().await.unwrap();
    let mut scout = Peer::connect(address, hello("scout")).await;
    scout.subscribe(super::CARD).await;
    let mut server = Peer::connect(address, hello("hello")).await;
    server.publish(super::CARD, "new").await;
    assert_eq!(scout.message().await.payload, b"new");
    assert!(!std::path::Path::new("mqtt_storage").exists());
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = builder().listen(address).start().await.unwrap_err();
    let BrokerError::Listen {
        address: named,
        source,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(named, address);
    assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn the_next_free_port_is_taken_when_asked_for() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let broker = builder().listen_or_next(address, 50).start().await.unwrap();
    assert!(broker.address().port() > address.port());
}

#[tokio::test]
async fn when_each_port_is_taken_the_error_says_how_many() {
    let address = SocketAddr::from(([127, 0, 0, 1], u16::MAX));
    let _taken = TcpListener::bind(address); // or somebody else took it
    let error = builder().listen_or_next(address, 3).start().await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("127.0.0.1:65535"), "{text}");
}

#[tokio::test]
async fn an_address_of_another_machine_is_an_error_at_once() {
    let foreign: SocketAddr = "192.0.2.1:1883".parse().unwrap();
    let error = builder().listen_or_next(foreign, 3).start().await;
    assert!(matches!(error, Err(BrokerError::Listen { .. })));
}

#[tokio::test]
async fn a_bad_setting_is_an_error_before_anything_listens() {
    let name = builder().user("a/b", "x").start().await;
    assert!(matches!(name, Err(BrokerError::UserName { .. })));
    let size = builder().max_packet_size(10).start().await;
    assert!(matches!(size, Err(BrokerError::MaxPacketSize(10))));
}

#[tokio::test]
async fn more_clients_than_allowed_are_closed() {
    let broker = builder().max_clients(1).start().await.unwrap();
    let _scout = Peer::connect(broker.address(), hello("scout")).await;
    let stream = tokio::net::TcpStream::connect(broker.address())
        .await
        .unwrap();
    let mut buffer = [0];
    stream.readable().await.unwrap();
    assert_eq!(stream.try_read(&mut buffer).unwrap(), 0);
}

#[tokio::test]
async fn calls_and_responses_go_back_and_forth() {
    let broker = broker().await;
    let mut server = Peer::connect(broker.address(), hello("hello")).await;
    server.subscribe(SHARE).await;
    let named = Hello {
        client_id: "scout",
        ..hello("scout")
    };
    let mut scout = Peer::connect(broker.address(), named).await;
    scout.subscribe(SCOUTS_INBOX).await;
    for n in 0..20 {
        let call = format!("call {n}");
        assert_eq!(scout.publish(SCOUTS_CALL, &call).await, SUCCESS);
        let request = server.message().await;
        assert_eq!(request.topic, SCOUTS_CALL);
        assert_eq!(request.payload, call.as_bytes());
        let response = format!("response {n}");
        assert_eq!(server.publish(SCOUTS_INBOX, &response).await, SUCCESS);
        assert_eq!(scout.message().await.payload, response.as_bytes());
    }
}
