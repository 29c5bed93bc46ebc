//! The proxy, between a bare client and a Mosquitto.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::{Mosquitto, RawClient, RawOptions};

/// A client behind a proxy that has subscribed to `t`, and one that goes straight to the broker.
async fn stage() -> Result<(Mosquitto, Proxy, RawClient, RawClient)> {
    let broker = Mosquitto::open()?;
    let proxy = Proxy::to(broker.port()).await?;
    let behind = RawOptions::new(proxy.port()).connect().await?;
    behind.subscribe("t").await?;
    let straight = RawOptions::new(broker.port()).connect().await?;
    Ok((broker, proxy, behind, straight))
}

async fn payload(client: &RawClient) -> Result<String> {
    Ok(String::from_utf8(client.message().await?.payload.to_vec())?)
}

#[tokio::test]
async fn a_good_line_passes_everything() -> Result<()> {
    let (_broker, proxy, behind, straight) = stage().await?;
    straight.publish("t", "x".repeat(300_000)).await?;
    assert_eq!(payload(&behind).await?.len(), 300_000);
    behind.publish("t", "own").await?;
    assert_eq!(payload(&behind).await?, "own");
    assert_eq!(proxy.connections(), 1);
    behind.disconnect().await
}

#[tokio::test]
async fn what_is_sent_into_a_cut_arrives_when_it_is_healed() -> Result<()> {
    let (_broker, proxy, behind, straight) = stage().await?;
    proxy.cut();
    straight.publish("t", "1").await?;
    let mut message = Box::pin(behind.message());
    assert!(futures_util::poll!(&mut message).is_pending());
    proxy.heal();
    assert_eq!(message.await?.payload, "1");
    Ok(())
}

#[tokio::test]
async fn a_black_hole_swallows_for_good_and_leaves_the_connection() -> Result<()> {
    let (_broker, proxy, behind, straight) = stage().await?;
    let lost = proxy.on_publish(Direction::FromBroker, "t", Fault::Lose);
    straight.publish("t", "lost").await?;
    lost.happened().await?;
    straight.publish("t", "next").await?;
    assert_eq!(payload(&behind).await?, "next");
    proxy.set(Direction::ToBroker, Flow::Drop);
    behind
        .send(
            crate::raw::QoS::AtMostOnce,
            "t",
            "swallowed",
            Default::default(),
        )
        .await?;
    // What comes the other way shows that time has passed for the first.
    straight.publish("t", "after").await?;
    assert_eq!(payload(&behind).await?, "after");
    assert_eq!(proxy.connections(), 1);
    Ok(())
}

#[tokio::test]
async fn a_delay_holds_every_packet_and_keeps_their_order() -> Result<()> {
    let (_broker, proxy, behind, straight) = stage().await?;
    let delay = Duration::from_millis(200);
    proxy.delay(delay);
    let start = Instant::now();
    for n in 0..20 {
        straight.publish("t", n.to_string()).await?;
    }
    for n in 0..20 {
        assert_eq!(payload(&behind).await?, n.to_string());
        assert!(start.elapsed() >= delay);
    }
    assert!(start.elapsed() < 5 * delay, "they are under way together");
    Ok(())
}

#[tokio::test]
async fn a_publish_comes_twice_and_its_sender_sees_one_acknowledgement() -> Result<()> {
    let (_broker, proxy, behind, straight) = stage().await?;
    for direction in [Direction::FromBroker, Direction::ToBroker] {
        let copied = proxy.on_publish(direction, "t", Fault::Duplicate);
        let sender = match direction {
            Direction::FromBroker => &straight,
            Direction::ToBroker => &behind,
        };
        sender.publish("t", "twice").await?;
        copied.happened().await?;
        assert_eq!(payload(&behind).await?, "twice");
        assert_eq!(payload(&behind).await?, "twice");
    }
    // Nobody was thrown out for it.
    behind.publish("t", "once").await?;
    assert_eq!(payload(&behind).await?, "once");
    Ok(())
}

#[tokio::test]
async fn a_truncated_packet_ends_the_connection() -> Result<()> {
    let (_broker, proxy, behind, straight) = stage().await?;
    let cut = proxy.on_publish(Direction::FromBroker, "t", Fault::Truncate);
    straight.publish("t", "half of this").await?;
    cut.happened().await?;
    behind.ended().await?;
    RawOptions::new(proxy.port()).connect().await?;
    Ok(())
}

#[tokio::test]
async fn a_fault_strikes_only_its_topic_and_its_direction() -> Result<()> {
    let (_broker, proxy, behind, straight) = stage().await?;
    let mut struck = proxy.on_publish(Direction::FromBroker, "other", Fault::Reset);
    behind.publish("other", "1").await?;
    straight.publish("t", "2").await?;
    assert_eq!(payload(&behind).await?, "2");
    assert!(struck.0.try_recv().is_err());
    Ok(())
}

/// One end of a bare TCP connection through a proxy, and the other.
async fn bare() -> Result<(Proxy, TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let proxy = Proxy::to(listener.local_addr()?.port()).await?;
    let one = TcpStream::connect(("127.0.0.1", proxy.port())).await?;
    let (other, _) = listener.accept().await?;
    Ok((proxy, one, other))
}

#[tokio::test]
async fn a_reset_is_one_for_both_ends() -> Result<()> {
    let (proxy, mut one, mut other) = bare().await?;
    one.write_all(&[0xc0, 0]).await?;
    other.read_exact(&mut [0; 2]).await?;
    proxy.reset();
    for end in [&mut one, &mut other] {
        let error = within("the reset", end.read(&mut [0; 1]))
            .await?
            .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    Ok(())
}

#[tokio::test]
async fn who_is_refused_is_reset_until_the_line_is_healed() -> Result<()> {
    let (proxy, mut one, _other) = bare().await?;
    proxy.refuse();
    assert!(within("the reset", one.read(&mut [0; 1])).await?.is_err());
    let mut again = TcpStream::connect(("127.0.0.1", proxy.port())).await?;
    assert!(within("the reset", again.read(&mut [0; 1])).await?.is_err());
    proxy.heal();
    let mut healed = TcpStream::connect(("127.0.0.1", proxy.port())).await?;
    assert!(futures_util::poll!(Box::pin(healed.read(&mut [0; 1]))).is_pending());
    Ok(())
}

#[tokio::test]
async fn a_close_passes_and_waits_for_what_was_sent_before() -> Result<()> {
    let (proxy, mut one, mut other) = bare().await?;
    proxy.delay(Duration::from_millis(50));
    other.write_all(&[0xd0, 0]).await?;
    drop(other);
    one.read_exact(&mut [0; 2]).await?;
    assert_eq!(within("the end", one.read(&mut [0; 1])).await??, 0);
    Ok(())
}

#[tokio::test]
async fn without_a_broker_the_client_is_told() -> Result<()> {
    let proxy = Proxy::to(crate::free_port()?).await?;
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await?;
    assert!(
        within("the reset", client.read(&mut [0; 1]))
            .await?
            .is_err()
    );
    Ok(())
}
