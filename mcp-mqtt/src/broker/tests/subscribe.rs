//! Who may receive what: granted filters, hostile ones, share groups, retained messages.

use super::peer::{FILTER_INVALID, GRANTED_QOS_1, Hello, NOT_AUTHORIZED, Peer, SUCCESS, hello};
use super::{CARD, SCOUTS_CALL, SCOUTS_INBOX, SHARE, broker, policy, rule};
use crate::acl::{Action, Policy};

#[tokio::test]
async fn subscriptions_are_as_the_policy_says() {
    let broker = broker().await;
    let bare = "demo/mcp/tools/greet/call/#";
    let matrix = [
        ("scout", SCOUTS_INBOX, GRANTED_QOS_1),
        ("scout", "demo/mcp/servers/+/card", GRANTED_QOS_1),
        ("scout", CARD, GRANTED_QOS_1),
        (
            "scout",
            "demo/mcp/clients/analyst/responses",
            NOT_AUTHORIZED,
        ),
        ("scout", "demo/mcp/clients/+/responses", NOT_AUTHORIZED),
        ("scout", "demo/mcp/servers/#", NOT_AUTHORIZED),
        ("mallory", CARD, NOT_AUTHORIZED),
        ("mallory", SCOUTS_INBOX, NOT_AUTHORIZED),
        ("mallory", bare, NOT_AUTHORIZED),
        ("hello", SHARE, GRANTED_QOS_1),
        ("hello", bare, NOT_AUTHORIZED),
    ];
    for (who, filter, reason) in matrix {
        let mut peer = Peer::connect(broker.address(), hello(who)).await;
        assert_eq!(peer.subscribe(filter).await, reason, "{who} {filter}");
    }
}

#[tokio::test]
async fn hostile_filters_are_refused() {
    let broker = broker().await;
    let mut mallory = Peer::connect(broker.address(), hello("mallory")).await;
    for filter in [
        "#",
        "+",
        "+/#",
        "/#",
        "+/+/+/+/+",
        "+/mcp/clients/+/responses",
        "demo/#",
        "demo/mcp/clients/#",
        "demo/mcp/clients/mallory/#",
        "$SYS/#",
        "$SYS/broker/+",
        "$share/x/#",
        "$share/x/+/#",
        "$share/x/$SYS/#",
        "$share/x/$share/y/#",
        "$share/x/demo/mcp/clients/mallory/responses",
        "$share/mcp-tool-greet/#",
        "$share/mcp-tool-greet/demo/mcp/tools/greet/call/mallory",
        "$share/mcp-tool-greet/demo/mcp/tools/greet/call/scout",
        "$share//demo/mcp/tools/greet/call/#",
        "$queue/#",
        SHARE,
    ] {
        assert_eq!(mallory.subscribe(filter).await, NOT_AUTHORIZED, "{filter}");
    }
    for filter in ["", "a/#/b", "a+", "$share/x", "$share/+/a", "$share/x/"] {
        assert_eq!(mallory.subscribe(filter).await, FILTER_INVALID, "{filter}");
    }
}

#[tokio::test]
async fn in_one_packet_each_filter_is_judged_alone() {
    let broker = broker().await;
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    let reasons = scout
        .subscribe_all(&["#", SCOUTS_INBOX, "a/#/b", CARD])
        .await;
    let wanted = [NOT_AUTHORIZED, GRANTED_QOS_1, FILTER_INVALID, GRANTED_QOS_1];
    assert_eq!(reasons, wanted);
}

#[tokio::test]
async fn no_call_is_stolen_from_a_share_group() {
    let broker = broker().await;
    let mut server = Peer::connect(broker.address(), hello("hello")).await;
    server.subscribe(SHARE).await;
    let mut mallory = Peer::connect(broker.address(), hello("mallory")).await;
    assert_eq!(mallory.subscribe(SHARE).await, NOT_AUTHORIZED);
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    for n in 0..20 {
        let call = n.to_string();
        assert_eq!(scout.publish(SCOUTS_CALL, &call).await, SUCCESS);
        assert_eq!(server.message().await.payload, call.as_bytes());
    }
}

#[tokio::test]
async fn replicas_share_the_calls() {
    let broker = broker().await;
    let mut one = Peer::connect(broker.address(), hello("hello")).await;
    let mut two = Peer::connect(broker.address(), hello("hello")).await;
    one.subscribe(SHARE).await;
    two.subscribe(SHARE).await;
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    for _ in 0..4 {
        scout.publish(SCOUTS_CALL, "x").await;
    }
    for _ in 0..2 {
        one.message().await;
        two.message().await;
    }
}

#[tokio::test]
async fn a_retained_message_comes_with_a_granted_subscription_only() {
    let broker = broker().await;
    let mut server = Peer::connect(broker.address(), hello("hello")).await;
    assert_eq!(server.publish_retained(CARD, "online").await, SUCCESS);

    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    scout.subscribe("demo/mcp/servers/+/card").await;
    let card = scout.message().await;
    assert!(card.retain);
    assert_eq!(card.payload, b"online");

    let mut mallory = Peer::connect(broker.address(), hello("mallory")).await;
    assert_eq!(mallory.subscribe(CARD).await, NOT_AUTHORIZED);
    mallory
        .subscribe("demo/mcp/clients/mallory/responses")
        .await;
    server
        .publish("demo/mcp/clients/mallory/responses", "first")
        .await;
    assert_eq!(mallory.message().await.payload, b"first");
}

#[tokio::test]
async fn a_new_policy_ends_subscriptions_that_it_does_not_grant() {
    let broker = broker().await;
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    scout.subscribe(CARD).await;
    scout.subscribe(SCOUTS_INBOX).await;
    let mut server = Peer::connect(broker.address(), hello("hello")).await;
    server.publish(CARD, "before").await;
    assert_eq!(scout.message().await.payload, b"before");

    let without_card = policy()
        .rules()
        .iter()
        .filter(|rule| !(rule.action == Action::Subscribe && rule.filter.ends_with("card")))
        .cloned()
        .collect::<Vec<_>>();
    broker.set_policy(Policy::from_rules(without_card)).await;

    assert_eq!(server.publish(CARD, "secret").await, SUCCESS);
    assert_eq!(server.publish(SCOUTS_INBOX, "granted").await, SUCCESS);
    assert_eq!(scout.message().await.payload, b"granted");
    assert_eq!(scout.subscribe(CARD).await, NOT_AUTHORIZED);
}

#[tokio::test]
async fn a_new_policy_takes_the_place_in_a_share_group() {
    let broker = broker().await;
    let mut old = Peer::connect(broker.address(), hello("hello")).await;
    old.subscribe(SHARE).await;
    broker
        .set_policy(Policy::from_rules([
            rule(
                &["scout"],
                Action::Publish,
                "demo/mcp/tools/greet/call/{$self}",
            ),
            rule(&["successor"], Action::Subscribe, SHARE),
        ]))
        .await;
    let mut new = Peer::connect(broker.address(), hello("successor")).await;
    assert_eq!(new.subscribe(SHARE).await, GRANTED_QOS_1);
    let mut scout = Peer::connect(broker.address(), hello("scout")).await;
    for n in 0..4 {
        scout.publish(SCOUTS_CALL, &n.to_string()).await;
        assert_eq!(new.message().await.payload, n.to_string().as_bytes());
    }
}

#[tokio::test]
async fn a_resumed_session_keeps_granted_subscriptions_only() {
    let broker = broker().await;
    let session = || Hello {
        client_id: "one",
        session_expiry: 60,
        ..hello("scout")
    };
    let mut scout = Peer::connect(broker.address(), session()).await;
    scout.subscribe(CARD).await;
    scout.subscribe(SCOUTS_INBOX).await;
    scout.disconnect().await;
    broker
        .set_policy(Policy::from_rules([
            rule(&["hello"], Action::Publish, CARD),
            rule(&["hello"], Action::Publish, SCOUTS_INBOX),
            rule(&["scout"], Action::Subscribe, SCOUTS_INBOX),
        ]))
        .await;

    let mut server = Peer::connect(broker.address(), hello("hello")).await;
    server.publish(CARD, "secret while away").await;
    let mut scout = Peer::connect(broker.address(), session()).await;
    server.publish(CARD, "secret").await;
    server.publish(SCOUTS_INBOX, "granted").await;
    assert_eq!(scout.message().await.payload, b"granted");
}
