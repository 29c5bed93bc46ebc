//! A rolling restart: replicas go one after the other, and neither callers nor observers notice.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use futures_util::future::try_join_all;
use mcp_mqtt::acl::{ExportOptions, Format, Policy, Profile};
use mcp_mqtt::client::Client;
use mcp_mqtt::server::RunningServer;
use mcp_mqtt_tests::within;
use serde_json::{Value, json};

use super::presence::{all_cards_say, is_instance, observer, offline, seen};
use super::serve;
use crate::tools::{Seen, tools};
use crate::world::{Broker, Kind, SERVICE, on_each_broker, scope};

/// Calls that are under way at any time.
const CALLS: usize = 100;

/// The same, while replicas start and stop as fast as they can.
const CALLERS: usize = 8;

on_each_broker![
    one_of_two_that_stops_leaves_every_card_online,
    replicas_come_and_go_while_one_stays,
    a_stop_under_load_loses_no_call,
    a_stop_with_a_hundred_calls_running_finishes_them,
    instances_see_each_other_under_either_policy,
    a_policy_without_instances_is_served_under,
    a_policy_without_the_own_cards_is_served_under,
];

mod dynsec {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn instances_see_each_other_under_either_policy() -> Result<()> {
        super::instances_see_each_other_under_either_policy(Kind::Dynsec).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_policy_without_instances_is_served_under() -> Result<()> {
        super::a_policy_without_instances_is_served_under(Kind::Dynsec).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_policy_without_the_own_cards_is_served_under() -> Result<()> {
        super::a_policy_without_the_own_cards_is_served_under(Kind::Dynsec).await
    }
}

async fn one_of_two_that_stops_leaves_every_card_online(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    one_of_two_stops(&broker).await
}

async fn one_of_two_stops(broker: &Broker) -> Result<()> {
    let (one, _) = serve(broker).await?;
    let (two, _) = serve(broker).await?;
    let observer = observer(broker).await?;
    one.stop().await?;
    let seen = seen(&observer).await?;
    assert!(offline(&seen).is_empty(), "{seen:?}");
    // Its own card says how it left, and is gone in the end.
    let cards = seen.iter().filter(|message| is_instance(message));
    let ended: HashSet<_> = cards
        .clone()
        .filter(|card| card.payload.is_empty())
        .map(|card| &card.topic)
        .collect();
    assert_eq!(ended.len(), 1);
    let statuses: Vec<_> = cards
        .filter(|card| ended.contains(&card.topic))
        .map(|card| card.json().unwrap_or_default()["status"].clone())
        .collect();
    assert_eq!(
        statuses,
        [
            json!("online"),
            json!("leaving"),
            json!("offline"),
            Value::Null
        ]
    );
    two.stop().await?;
    Ok(())
}

async fn replicas_come_and_go_while_one_stays(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (stays, _) = serve(&broker).await?;
    let observer = observer(&broker).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let client = broker.client("scout").await?;
    let calling: Vec<_> = (0..CALLERS)
        .map(|_| tokio::spawn(caller(client.clone(), Arc::clone(&stop))))
        .collect();
    let mut taken = 0;
    for _ in 0..100 {
        let (server, ran) = serve(&broker).await?;
        server.stop().await?;
        taken += ran.greetings();
    }
    stop.store(true, Ordering::SeqCst);
    for calls in within("the calls", try_join_all(calling)).await?? {
        calls?;
    }
    assert!(taken > 0, "none of them took a call");
    let seen = seen(&observer).await?;
    assert!(offline(&seen).is_empty(), "{seen:?}");
    let tools = seen
        .iter()
        .filter(|message| message.topic.contains("/tools/"));
    // Each tool's card came once, for the subscription.
    assert_eq!(
        tools.count(),
        9,
        "cards that do not differ are not published again"
    );
    stays.stop().await?;
    all_cards_say(&broker, "offline").await
}

/// Calls `greet` without a pause until it is told to stop, and counts the answers.
async fn caller(client: Client, stop: Arc<AtomicBool>) -> Result<usize> {
    let mut answers = 0;
    while !stop.load(Ordering::SeqCst) {
        client.call("greet", json!({"name": "Ann"})).await?;
        answers += 1;
    }
    Ok(answers)
}

/// A replica that the broker sends one call at a time, so that it has a queue for it.
async fn slow(broker: &Broker) -> Result<(RunningServer, Arc<Seen>)> {
    let mut options = broker.options(SERVICE)?;
    options.receive_maximum = 1;
    let (registry, seen, _) = tools()?;
    let server = broker.server(registry)?.broker(options).build()?;
    Ok((server.start().await?, seen))
}

async fn a_stop_under_load_loses_no_call(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (stays, first) = slow(&broker).await?;
    let (other, second) = slow(&broker).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let client = broker.client("scout").await?;
    let calling: Vec<_> = (0..CALLS)
        .map(|_| tokio::spawn(caller(client.clone(), Arc::clone(&stop))))
        .collect();
    let mut ran = vec![first, second];
    within("calls", async {
        while ran.iter().any(|seen| seen.greetings() < CALLS) {
            tokio::task::yield_now().await;
        }
    })
    .await?;
    let mut leaving = other;
    for _ in 0..3 {
        within("the end of a server", leaving.stop()).await??;
        let (next, seen) = slow(&broker).await?;
        ran.push(seen);
        leaving = next;
    }
    stop.store(true, Ordering::SeqCst);
    let mut answers = 0;
    for calls in within("the calls", try_join_all(calling)).await?? {
        answers += calls?;
    }
    let greetings: usize = ran.iter().map(|seen| seen.greetings()).sum();
    assert_eq!(answers, greetings, "each call ran once and was answered");
    leaving.stop().await?;
    Ok(stays.stop().await?)
}

async fn a_stop_with_a_hundred_calls_running_finishes_them(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let (one, first) = serve(&broker).await?;
    let (two, second) = serve(&broker).await?;
    let client = broker.client("scout").await?;
    let calls: Vec<_> = (0..CALLS)
        .map(|_| tokio::spawn(client.call("hold", json!({})).into_future()))
        .collect();
    let begun = async {
        loop {
            let both = first.begun.available_permits() + second.begun.available_permits();
            if both == CALLS {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    within("the calls", begun).await?;
    let mut stop = Box::pin(one.stop());
    assert!(futures_util::poll!(&mut stop).is_pending());
    for seen in [&first, &second] {
        seen.gate.add_permits(CALLS);
    }
    within("the end of the server", stop).await??;
    for answer in within("the answers", try_join_all(calls)).await?? {
        assert_eq!(answer?, "held");
    }
    Ok(two.stop().await?)
}

async fn instances_see_each_other_under_either_policy(kind: Kind) -> Result<()> {
    for profile in [Profile::Reference, Profile::Hardened] {
        let mut scope = scope();
        scope.profile = profile;
        let policy = Policy::derive(&scope, &tools()?.0)?;
        let broker = Broker::enforcing(kind, &policy, &scope).await?;
        one_of_two_stops(&broker).await?;
    }
    Ok(())
}

async fn a_policy_without_instances_is_served_under(kind: Kind) -> Result<()> {
    served_without(kind, |rule| {
        rule["topic"]
            .as_str()
            .is_some_and(|t| t.contains("/instances/"))
    })
    .await
}

async fn a_policy_without_the_own_cards_is_served_under(kind: Kind) -> Result<()> {
    served_without(kind, |rule| {
        let agents = rule["agents"].to_string();
        let topic = rule["topic"].as_str().unwrap_or_default();
        let card = topic.ends_with("/card") || topic.contains("/instances/");
        rule["action"] == "sub" && card && agents.contains(SERVICE)
    })
    .await
}

/// One server, under a policy that lacks some of its grants: calls are served and cards go offline.
async fn served_without(kind: Kind, lacks: impl Fn(&Value) -> bool) -> Result<()> {
    let scope = scope();
    let policy = Policy::derive(&scope, &tools()?.0)?;
    let mut text: Value = serde_json::from_str(
        &policy
            .export(Format::Json, &ExportOptions::of(&scope))?
            .text,
    )?;
    let rules = text["rules"].as_array_mut().expect("rules");
    let before = rules.len();
    rules.retain(|rule| !lacks(rule));
    assert_ne!(rules.len(), before);
    let policy = Policy::from_json(&text.to_string())?;
    let broker = Broker::enforcing(kind, &policy, &scope).await?;
    let (server, _) = serve(&broker).await?;
    let client = broker.client("scout").await?;
    assert_eq!(
        client.call("greet", json!({"name": "Ann"})).await?,
        "Hello, Ann!"
    );
    let observer = observer(&broker).await?;
    server.stop().await?;
    assert_eq!(offline(&seen(&observer).await?).len(), 10);
    Ok(())
}
