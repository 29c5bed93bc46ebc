//! Who may send what, wills included.

use super::peer::{GRANTED_QOS_1, Hello, NOT_AUTHORIZED, PACKET_TOO_LARGE, Peer, SUCCESS, hello};
use super::{CARD, SCOUTS_CALL, SCOUTS_INBOX, SHARE, broker, builder, rule};
use crate::acl::{Action, Policy};

#[tokio::test]
async fn publishes_are_as_the_policy_says() {
    let broker = broker().await;
    let matrix = [
        ("scout", "demo/mcp/tools/greet/call/scout", SUCCESS),
        ("scout", "demo/mcp/tools/greet/call/analyst", NOT_AUTHORIZED),
        ("scout", "demo/mcp/tools/greet/call", NOT_AUTHORIZED),
        ("scout", "demo/mcp/tools/report/call/scout", NOT_AUTHORIZED),
        ("scout", "demo/mcp/tools/none/call/scout", NOT_AUTHORIZED),
        (
            "analyst",
            "demo/mcp/tools/greet/call/analyst",
            NOT_AUTHORIZED,
        ),
        ("analyst", "demo/mcp/tools/report/call/analyst", SUCCESS),
        (
            "mallory",
            "demo/mcp/tools/greet/call/mallory",
            NOT_AUTHORIZED,
        ),
        ("mallory", "demo/mcp/tools/greet/call/scout", NOT_AUTHORIZED),
        ("mallory", CARD, NOT_AUTHORIZED),
        ("mallory", SCOUTS_INBOX, NOT_AUTHORIZED),
        ("mallory", "$SYS/broker/version", NOT_AUTHORIZED),
        ("mallory", SHARE.strip_suffix('#').unwrap(), NOT_AUTHORIZED),
        ("hello", SCOUTS_INBOX, SUCCESS),
        ("hello", CARD, SUCCESS),
        ("hello", "demo/mcp/servers/other/card", NOT_AUTHORIZED),
    ];
    for (who, topic, reason) in matrix {
        let mut peer = Peer::connect(broker.address(), hello(who)).await;
        assert_eq!(peer.publish(topic, "x").await, reason, "{who} {topic}");
    }
}

#[tokio::test]
async fn a_refused_publish_leaves_the_connection_alive_and_delivers_nothing() {
    let broker = broker().await;
    let mut server = Peer::connect(broker.address(), hello("hello")).await;
    server.subscribe(SHARE).await;
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;

    let foreign = "demo/mcp/tools/greet/call/analyst";
    scout.publish_unacknowledged(foreign, b"silent").await;
    assert_eq!(scout.publish(foreign, "refused").await, NOT_AUTHORIZED);
    assert_eq!(scout.publish(SCOUTS_CALL, "granted").await, SUCCESS);
    assert_eq!(server.message().await.payload, b"granted");
}

#[tokio::test]
async fn a_topic_alias_does_not_slip_through() {
    let broker = broker().await;
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    assert_eq!(scout.publish_aliased(CARD).await, NOT_AUTHORIZED);
    assert_eq!(scout.publish_aliased("").await, NOT_AUTHORIZED);
    assert_eq!(scout.publish_aliased(SCOUTS_CALL).await, SUCCESS);
    assert_eq!(scout.publish_aliased("").await, SUCCESS);
}

#[tokio::test]
async fn a_will_on_a_foreign_topic_is_refused_at_connect() {
    let broker = broker().await;
    for topic in [SCOUTS_INBOX, CARD, "demo/#", ""] {
        let mallory = Hello {
            will: Some((topic, "forged")),
            ..hello("mallory")
        };
        let refused = Peer::try_connect(broker.address(), mallory).await.err();
        assert_eq!(refused, Some(NOT_AUTHORIZED), "{topic}");
    }
}

#[tokio::test]
async fn a_will_is_published_when_its_owner_is_gone() {
    let broker = broker().await;
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    scout.subscribe(CARD).await;
    let server = Hello {
        will: Some((CARD, "offline")),
        ..hello("hello")
    };
    drop(Peer::connect(broker.address(), server).await);
    assert_eq!(scout.message().await.payload, b"offline");
}

#[tokio::test]
async fn a_will_that_a_later_policy_does_not_grant_is_not_published() {
    let broker = broker().await;
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    let will = Hello {
        client_id: "server",
        will: Some((CARD, "offline")),
        ..hello("hello")
    };
    let server = Peer::connect(broker.address(), will).await;
    broker
        .set_policy(Policy::from_rules([
            rule(&["*"], Action::Subscribe, CARD),
            rule(&["scout"], Action::Publish, CARD),
        ]))
        .await;
    assert_eq!(scout.subscribe(CARD).await, GRANTED_QOS_1);
    drop(server);

    // Its client id is free for others only after its will was dealt with.
    let successor = Hello {
        client_id: "server",
        ..hello("scout")
    };
    let mut successor = Peer::connect_when_admitted(broker.address(), successor).await;
    successor.publish(CARD, "after the will").await;
    assert_eq!(scout.message().await.payload, b"after the will");
}

#[tokio::test]
async fn a_packet_above_the_limit_ends_the_connection_and_one_below_arrives() {
    let broker = builder().max_packet_size(64 * 1024).start().await.unwrap();
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    scout.subscribe(SCOUTS_INBOX).await;
    let mut server = Peer::connect(broker.address(), hello("hello")).await;
    let below = "x".repeat(60 * 1024);
    assert_eq!(server.publish(SCOUTS_INBOX, &below).await, SUCCESS);
    assert_eq!(scout.message().await.payload.len(), below.len());

    let above = vec![b'x'; 65 * 1024];
    server.publish_unacknowledged(SCOUTS_INBOX, &above).await;
    let reason = server.closed().await;
    assert!(reason.is_none_or(|reason| reason == PACKET_TOO_LARGE));
}

#[tokio::test]
async fn four_mebibytes_pass_by_default() {
    let broker = broker().await;
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    scout.subscribe(SCOUTS_INBOX).await;
    let mut server = Peer::connect(broker.address(), hello("hello")).await;
    let large = "x".repeat(4 * 1024 * 1024);
    assert_eq!(server.publish(SCOUTS_INBOX, &large).await, SUCCESS);
    assert_eq!(scout.message().await.payload.len(), large.len());
}

#[tokio::test]
async fn nothing_may_be_published_without_a_policy() {
    let broker = crate::broker::Broker::builder().start().await.unwrap();
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    assert_eq!(scout.publish(SCOUTS_CALL, "x").await, NOT_AUTHORIZED);
    assert_eq!(scout.subscribe(SCOUTS_INBOX).await, NOT_AUTHORIZED);
}

#[tokio::test]
async fn an_unrestricted_broker_grants_all_but_its_own_topics() {
    let broker = crate::broker::Broker::builder().unrestricted();
    let broker = broker.start().await.unwrap();
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    assert_eq!(scout.subscribe("#").await, GRANTED_QOS_1);
    assert_eq!(scout.publish("a/b", "x").await, SUCCESS);
    assert_eq!(scout.message().await.topic, "a/b");
    assert_eq!(scout.publish("$SYS/x", "x").await, NOT_AUTHORIZED);
}
