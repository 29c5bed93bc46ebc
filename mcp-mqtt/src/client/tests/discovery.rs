//! Finding tools and servers.

use super::*;
use crate::wire::{Status, ToolCard};

fn names(cards: &[ToolCard]) -> Vec<(&str, Status)> {
    cards
        .iter()
        .map(|card| (card.tool.as_str(), card.status))
        .collect()
}

#[tokio::test]
async fn tools_and_servers_are_found_and_a_tool_is_offline_with_its_server() {
    let broker = Mosquitto::start();
    let client = connect(&broker, "scout").await;
    assert!(soon(client.tools()).await.unwrap().is_empty());
    assert!(soon(client.servers()).await.unwrap().is_empty());
    let server = Script::start(&broker, &[], |_| {}).await;
    server.announce("greet", ours()).await;
    server.tool_card("count", "online", ours()).await;
    let found = soon(client.tools()).await.unwrap();
    assert_eq!(
        names(&found),
        [("count", Status::Online), ("greet", Status::Online)]
    );
    assert!(found[0].extra.as_ref().unwrap().bound);
    server.server_card("offline").await;
    let found = soon(client.tools()).await.unwrap();
    assert_eq!(
        names(&found),
        [("count", Status::Offline), ("greet", Status::Offline)]
    );
    let servers = soon(client.servers()).await.unwrap();
    assert_eq!(servers.len(), 1);
    assert_eq!(
        (servers[0].server.as_str(), servers[0].status),
        ("hello", Status::Offline)
    );
}

#[tokio::test]
async fn a_thousand_tools_are_found_by_two_at_once() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &[], |_| {}).await;
    server.server_card("online").await;
    let tools: Vec<_> = (0..1000).map(|n| format!("tool{n}")).collect();
    let announcing = tools
        .iter()
        .map(|tool| server.tool_card(tool, "online", ours()));
    futures_util::future::join_all(announcing).await;
    let client = connect(&broker, "scout").await;
    let (one, two) = soon(futures_util::future::join(client.tools(), client.tools())).await;
    assert_eq!(one.unwrap().len(), 1000);
    assert_eq!(two.unwrap().len(), 1000);
}

#[tokio::test]
async fn hostile_cards_are_ignored_and_counted() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &[], |_| {}).await;
    server.announce("greet", ours()).await;
    let stranger = tool_json("greet", "hello", "online", Value::Null).to_string();
    let wide = tool_json("wide", "#", "online", Value::Null).to_string();
    for (tool, payload) in [
        ("other", stranger.as_str()),
        ("wide", &wide),
        ("text", "nonsense"),
    ] {
        server.retain(&format!("tools/{tool}/card"), payload).await;
    }
    server.retain("tools/huge/card", &"x".repeat(300_000)).await;
    let client = connect(&broker, "scout").await;
    assert_eq!(
        names(&soon(client.tools()).await.unwrap()),
        [("greet", Status::Online)]
    );
    assert_eq!(client.ignored(), 4);
}

#[tokio::test]
async fn a_card_that_is_published_again_and_again_keeps_nobody_waiting() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &[], |_| {}).await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    let busy = async {
        loop {
            server.announce("greet", ours()).await;
        }
    };
    // The timeout of the client is longer than the deadline of this test.
    let found = tokio::select! {
        found = soon(client.tools()) => found.unwrap(),
        () = busy => unreachable!(),
    };
    assert_eq!(names(&found), [("greet", Status::Online)]);
}

#[tokio::test]
async fn cards_that_never_end_are_returned_at_the_timeout() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &[], |_| {}).await;
    let builder = describe(&broker, "scout").timeout(Duration::from_secs(2));
    let client = soon(builder.connect()).await.unwrap();
    let endless = async {
        for n in 0.. {
            server
                .tool_card(&format!("tool{n}"), "online", ours())
                .await;
        }
    };
    let found = tokio::select! {
        found = soon(client.tools()) => found.unwrap(),
        () = endless => unreachable!(),
    };
    assert!(!found.is_empty());
}

#[tokio::test]
async fn the_card_of_one_tool() {
    let broker = Mosquitto::start();
    let server = Script::start(&broker, &[], |_| {}).await;
    server.announce("greet", ours()).await;
    let client = connect(&broker, "scout").await;
    let card = soon(client.tool_card("greet")).await.unwrap();
    assert_eq!(
        (card.server.as_str(), card.status),
        ("hello", Status::Online)
    );
    server.server_card("offline").await;
    soon(async { while client.tool_card("greet").await.unwrap().status == Status::Online {} })
        .await;
    let error = soon(client.tool_card("missing")).await.unwrap_err();
    assert!(matches!(error, DiscoveryError::NotFound { .. }), "{error}");
    let error = soon(client.tool_card("a/b")).await.unwrap_err();
    assert!(
        matches!(error, DiscoveryError::InvalidName { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn discovery_without_a_connection_says_so() {
    let broker = Mosquitto::start();
    let client = connect(&broker, "scout").await;
    soon(client.disconnect()).await;
    assert!(matches!(
        soon(client.tools()).await,
        Err(DiscoveryError::Connection(_))
    ));
    assert!(matches!(
        soon(client.tool_card("greet")).await,
        Err(DiscoveryError::Connection(_))
    ));
}
