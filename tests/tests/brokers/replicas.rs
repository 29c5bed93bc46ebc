//! Two replicas with the policy in force: each has the server's least grants, they share the calls, and one
//! of them leaves in order.

use anyhow::{Context, Result};
use futures_util::poll;
use mcp_mqtt::acl::{Policy, Profile};
use mcp_mqtt_tests::within;
use serde_json::json;

use crate::tools::tools;
use crate::world::{Broker, Kind, namespace, on_each_broker, scope};

const CALLS: usize = 20;
const KEY: &str = "s3cret";

on_each_broker![
    one_of_two_leaves_in_order,
    one_of_two_leaves_in_order_under_the_hardened_profile,
];

mod dynsec {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_of_two_leaves_in_order() -> Result<()> {
        super::one_of_two_leaves_in_order(Kind::Dynsec).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_of_two_leaves_in_order_under_the_hardened_profile() -> Result<()> {
        super::one_of_two_leaves_in_order_under_the_hardened_profile(Kind::Dynsec).await
    }
}

async fn one_of_two_leaves_in_order(kind: Kind) -> Result<()> {
    leaves_in_order(kind, Profile::Reference).await
}

async fn one_of_two_leaves_in_order_under_the_hardened_profile(kind: Kind) -> Result<()> {
    leaves_in_order(kind, Profile::Hardened).await
}

async fn leaves_in_order(kind: Kind, profile: Profile) -> Result<()> {
    let mut scope = scope();
    scope.profile = profile;
    scope.share_key = Some(KEY.to_owned());
    let policy = Policy::derive(&scope, &tools()?.0)?;
    let broker = Broker::enforcing(kind, &policy, &scope).await?;
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let (registry, seen, _) = tools()?;
        let server = broker.server(registry)?.share_key(KEY).build()?;
        replicas.push((server.start().await?, seen));
    }
    let scout = broker.client("scout").await?;
    let greet = || scout.call("greet", json!({"name": "Ann"}));
    for _ in 0..CALLS {
        assert_eq!(greet().await?, "Hello, Ann!");
    }
    let greetings = replicas.iter().map(|(_, seen)| seen.greetings());
    assert_eq!(greetings.sum::<usize>(), CALLS, "each call is run once");

    let held = tokio::spawn(scout.call("hold", json!({})).into_future());
    let [one, two] = [0, 1].map(|n| replicas[n].1.begun.acquire());
    let holder = within("a call that is held", async {
        tokio::select! { _ = one => 0, _ = two => 1 }
    })
    .await?;
    let (leaving, seen) = replicas.remove(holder);
    let mut stop = Box::pin(leaving.stop());
    assert!(poll!(&mut stop).is_pending(), "a call is running");
    let stop = tokio::spawn(stop);
    seen.gate.add_permits(1);
    assert_eq!(within("the answer", held).await???, "held");
    within("the end of one", stop).await???;

    let (staying, seen) = replicas.pop().context("the other one")?;
    let before = seen.greetings();
    // The card that the two share says offline, and our client would believe it.
    let (raw, inbox) = (broker.raw("scout").await?, namespace().inbox("scout"));
    raw.subscribe(&inbox).await?;
    for n in 0..CALLS {
        let call = json!({"call_id": format!("c{n}"), "arguments": {"name": "Ann"}});
        let bound = namespace().bound_call("greet", "scout");
        raw.publish(&bound, call.to_string()).await?;
        assert_eq!(raw.message().await?.json()?["result"], "Hello, Ann!");
    }
    assert_eq!(seen.greetings(), before + CALLS, "all by the other one");
    Ok(staying.stop().await?)
}
