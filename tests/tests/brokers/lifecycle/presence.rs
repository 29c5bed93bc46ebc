//! The cards of a server stay online while one of its instances lives, and go offline with the last.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use mcp_mqtt::server::{RunningServer, ServerBuilder};
use mcp_mqtt_tests::{Message, Properties, RawClient, RawOptions, within};
use serde_json::json;
use tokio::runtime::Runtime;

use super::{card_says, event, observed, serve, watcher};
use crate::tools::tools;
use crate::world::{Broker, Kind, NAMESPACE, SERVER, WITNESS, namespace, on_each_broker, received};

/// The server's and those of its nine tools.
const CARDS: usize = 10;

on_each_broker![
    a_killed_one_of_two_is_healed_and_its_card_cleared,
    the_last_one_killed_leaves_the_server_offline,
    two_that_stop_at_once_put_the_cards_offline_once,
    a_card_that_somebody_spoils_comes_back,
    a_forged_last_will_does_no_harm,
    a_broker_that_forgot_everything_gets_every_card_of_two,
];

/// Retained cards that say this; waits until they all do.
pub(super) async fn all_cards_say(broker: &Broker, status: &str) -> Result<()> {
    let raw = broker.raw("analyst").await?;
    raw.subscribe(&format!("{NAMESPACE}/mcp/+/+/card")).await?;
    let mut seen = HashMap::new();
    while seen.values().filter(|says| **says).count() < CARDS {
        let card = raw.message().await?;
        let says = card.json().is_ok_and(|card| card["status"] == status);
        seen.insert(card.topic, says);
    }
    Ok(())
}

/// Somebody who sees every card, those of instances included.
pub(super) async fn observer(broker: &Broker) -> Result<RawClient> {
    let observer = broker.raw(WITNESS).await?;
    observer.subscribe(&crate::world::mark(WITNESS)).await?;
    observer
        .subscribe(&format!("{NAMESPACE}/mcp/+/+/card"))
        .await?;
    observer
        .subscribe(&namespace().instance_cards(SERVER))
        .await?;
    Ok(observer)
}

/// What the observer has seen by now.
pub(super) async fn seen(observer: &RawClient) -> Result<Vec<Message>> {
    received(observer, WITNESS, observer).await
}

pub(super) fn is_instance(message: &Message) -> bool {
    message.topic.contains("/instances/")
}

/// The shared cards among them that are offline.
pub(super) fn offline(messages: &[Message]) -> Vec<&str> {
    messages
        .iter()
        .filter(|message| !is_instance(message))
        .filter(|message| message.json().is_ok_and(|card| card["status"] == "offline"))
        .map(|message| message.topic.as_str())
        .collect()
}

/// A server with a runtime of its own, whose end closes the socket as the end of a process does.
pub(super) async fn mortal(server: ServerBuilder) -> Result<Runtime> {
    let runtime = Runtime::new()?;
    let server = server.build()?;
    runtime.spawn(server.start()).await??;
    Ok(runtime)
}

/// The instances whose cards are retained.
async fn instances(broker: &Broker) -> Result<Vec<String>> {
    let raw = broker.raw(WITNESS).await?;
    raw.subscribe(&crate::world::mark(WITNESS)).await?;
    raw.subscribe(&namespace().instance_cards(SERVER)).await?;
    let cards = received(&raw, WITNESS, &raw).await?;
    Ok(cards.into_iter().map(|card| card.topic).collect())
}

async fn a_killed_one_of_two_is_healed_and_its_card_cleared(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let killed = mortal(broker.server(tools()?.0)?).await?;
    let [doomed] = &instances(&broker).await?[..] else {
        anyhow::bail!("not one instance");
    };
    let (alive, _) = serve(&broker).await?;
    assert_eq!(instances(&broker).await?.len(), 2);
    let watcher = watcher(&broker).await?;
    card_says(&watcher, "online").await?;
    let observer = broker.raw("scout").await?;
    observer.subscribe(doomed).await?;
    ensure!(!observer.message().await?.payload.is_empty());
    killed.shutdown_background();
    card_says(&watcher, "offline").await?;
    let offline = Instant::now();
    card_says(&watcher, "online").await?;
    assert!(offline.elapsed() < Duration::from_secs(2));
    ensure!(
        observer.message().await?.payload.is_empty(),
        "it is cleared"
    );
    let scout = broker.client("scout").await?;
    scout.call("greet", json!({"name": "Ann"})).await?;
    alive.stop().await?;
    all_cards_say(&broker, "offline").await?;
    assert!(instances(&broker).await?.is_empty());
    Ok(())
}

async fn the_last_one_killed_leaves_the_server_offline(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let killed = mortal(broker.server(tools()?.0)?).await?;
    let (stopped, _) = serve(&broker).await?;
    stopped.stop().await?;
    let watcher = watcher(&broker).await?;
    card_says(&watcher, "online").await?;
    let [last] = &instances(&broker).await?[..] else {
        anyhow::bail!("not one instance");
    };
    killed.shutdown_background();
    let will = loop {
        let card = watcher.message().await?.json()?;
        if card["status"] == "offline" {
            break card;
        }
    };
    let gone = will["x_mcp_mqtt"]["gone"].as_str().unwrap_or_default();
    assert_eq!(*last, namespace().instance_card(SERVER, gone));
    // The next one finds that, and clears up.
    let (next, _) = serve(&broker).await?;
    card_says(&watcher, "online").await?;
    let left = instances(&broker).await?;
    assert!(left.len() == 1 && left[0] != *last, "{left:?}");
    Ok(next.stop().await?)
}

async fn two_that_stop_at_once_put_the_cards_offline_once(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    for _ in 0..5 {
        let servers = [serve(&broker).await?.0, serve(&broker).await?.0];
        let observer = observer(&broker).await?;
        try_join_all(servers.map(RunningServer::stop)).await?;
        let seen = seen(&observer).await?;
        assert_eq!(offline(&seen).len(), CARDS, "{seen:?}");
        all_cards_say(&broker, "offline").await?;
        assert!(instances(&broker).await?.is_empty());
    }
    Ok(())
}

async fn a_card_that_somebody_spoils_comes_back(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (server, _) = serve(&broker).await?;
    let vandal = broker.raw("mallory").await?;
    let [own] = &instances(&broker).await?[..] else {
        anyhow::bail!("not one instance");
    };
    let huge = format!(r#"{{"status":"online","pad":"{}"}}"#, "x".repeat(2 << 20));
    let deep = "[".repeat(100_000);
    for payload in ["", "{", r#"{"status":"offline"}"#, &huge, &deep] {
        for topic in [
            namespace().tool_card("greet"),
            namespace().server_card(SERVER),
        ] {
            let payload = payload.to_owned();
            let spoil = vandal.publish_with(&topic, payload, true, Properties::default());
            spoil.await?;
        }
        all_cards_say(&broker, "online").await?;
    }
    let watcher = broker.raw("scout").await?;
    watcher.subscribe(own).await?;
    vandal
        .publish_with(own, "", true, Properties::default())
        .await?;
    while watcher.message().await?.json().is_ok() {}
    let cleared = Instant::now();
    assert_eq!(watcher.message().await?.json()?["status"], "online");
    // Not just when it is published anew as a matter of course.
    assert!(cleared.elapsed() < Duration::from_secs(5));
    Ok(server.stop().await?)
}

/// Of an instance that lives, and of one whose name is a wildcard.
async fn a_forged_last_will_does_no_harm(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (one, _) = serve(&broker).await?;
    let (two, _) = serve(&broker).await?;
    let both = instances(&broker).await?;
    let vandal = broker.raw("mallory").await?;
    let names = both.iter().filter_map(|topic| topic.rsplit('/').next());
    for gone in names.chain(["#", "", "a/b"]) {
        let card = json!({
            "version": "1", "server": SERVER, "namespace": NAMESPACE, "status": "offline",
            "x_mcp_mqtt": {"gone": gone},
        });
        let topic = namespace().server_card(SERVER);
        let forge = vandal.publish_with(&topic, card.to_string(), true, Properties::default());
        forge.await?;
        all_cards_say(&broker, "online").await?;
    }
    within("both cards again", async {
        while instances(&broker).await?.len() < 2 {}
        anyhow::Ok(())
    })
    .await??;
    let observer = observer(&broker).await?;
    one.stop().await?;
    let seen = seen(&observer).await?;
    assert!(offline(&seen).is_empty(), "{seen:?}");
    Ok(two.stop().await?)
}

async fn a_broker_that_forgot_everything_gets_every_card_of_two(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (one, mut first) = observed(broker.server(tools()?.0)?);
    let (two, mut second) = observed(broker.server(tools()?.0)?);
    let servers = [one.build()?.start().await?, two.build()?.start().await?];
    let broker = broker.stop().await?.start_again().await?;
    for events in [&mut first, &mut second] {
        event(events, "lost").await?;
        event(events, "ready").await?;
    }
    all_cards_say(&broker, "online").await?;
    assert_eq!(instances(&broker).await?.len(), 2);
    try_join_all(servers.map(RunningServer::stop)).await?;
    all_cards_say(&broker, "offline").await
}

/// A last will of the own connection that comes late: the broker took the next one over first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_will_of_the_own_connection_is_healed() -> Result<()> {
    let broker = Broker::open(Kind::Mosquitto).await?;
    let mut options = broker.options("svc")?;
    options.client_id = Some("replica-1".to_owned());
    let (server, mut events) = observed(broker.server(tools()?.0)?.broker(options));
    let server = server.build()?.start().await?;
    event(&mut events, "ready").await?;
    let watcher = watcher(&broker).await?;
    card_says(&watcher, "online").await?;
    let [own] = &instances(&broker).await?[..] else {
        anyhow::bail!("not one instance");
    };
    let gone = own.rsplit('/').next();
    let card = json!({
        "version": "1", "server": SERVER, "namespace": NAMESPACE, "status": "offline",
        "x_mcp_mqtt": {"gone": gone},
    });
    let will = RawOptions::new(broker.port()).will(
        &namespace().server_card(SERVER),
        &card.to_string(),
        true,
    );
    drop(will.connect().await?);
    card_says(&watcher, "offline").await?;
    card_says(&watcher, "online").await?;
    assert_eq!(instances(&broker).await?, std::slice::from_ref(own));
    Ok(server.stop().await?)
}
