//! Connections that stall, break and bring things twice, by a proxy between server or client and broker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::join_all;
use mcp_mqtt::ConnectOptions;
use mcp_mqtt::client::{CallError, Client, Outcome};
use mcp_mqtt::server::RunningServer;
use mcp_mqtt_tests::proxy::{Direction, Fault};
use mcp_mqtt_tests::{PATIENCE, Proxy, within};
use serde_json::json;

use super::{Events, event, observed};
use crate::tools::{Seen, tools};
use crate::world::{Broker, Kind, NAMESPACE, SERVICE, on_each_broker};

/// How soon a caller knows when a socket was closed.
const SOON: Duration = Duration::from_secs(2);

on_each_broker![
    a_call_sent_into_a_cut_is_answered_when_it_is_healed,
    a_truncated_call_does_not_end_the_server,
    a_server_that_is_reset_comes_back_and_serves,
    a_caller_whose_connection_is_reset_has_its_answer,
    a_caller_whose_broker_is_away_mid_call_knows_soon,
    a_caller_in_a_black_hole_knows_soon_after_two_keep_alives,
    a_slow_server_answers_every_call,
    a_server_that_takes_one_message_at_a_time_answers_every_call,
];

/// How `name` connects through `proxy`.
fn through(proxy: &Proxy, name: &str) -> Result<ConnectOptions> {
    let url = format!("mqtt://{name}:{name}@127.0.0.1:{}", proxy.port());
    Ok(ConnectOptions::new(url.parse()?))
}

/// A server behind a proxy.
pub(super) struct Behind {
    pub(super) proxy: Proxy,
    pub(super) server: RunningServer,
    pub(super) seen: Arc<Seen>,
    pub(super) events: Events,
}

pub(super) async fn behind(broker: &Broker) -> Result<Behind> {
    behind_with(broker, |_| ()).await
}

async fn behind_with(broker: &Broker, change: fn(&mut ConnectOptions)) -> Result<Behind> {
    let proxy = Proxy::to(broker.port()).await?;
    let (registry, seen, _) = tools()?;
    let mut options = through(&proxy, SERVICE)?;
    change(&mut options);
    let (server, mut events) = observed(broker.server(registry)?.broker(options));
    let server = server.build()?.start().await?;
    event(&mut events, "ready").await?;
    Ok(Behind {
        proxy,
        server,
        seen,
        events,
    })
}

async fn greet(client: &Client) -> Result<()> {
    let greeting = client.call("greet", json!({"name": "Ann"})).await?;
    assert_eq!(greeting, "Hello, Ann!");
    Ok(())
}

async fn a_call_sent_into_a_cut_is_answered_when_it_is_healed(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let Behind {
        proxy,
        server,
        seen,
        ..
    } = behind(&broker).await?;
    let scout = broker.client("scout").await?;
    greet(&scout).await?;
    proxy.cut();
    let waiting = tokio::spawn(scout.call("greet", json!({"name": "Ann"})).into_future());
    // It is on its way once the broker has passed on what was published after it.
    let other = broker.client("analyst").await?;
    assert!(other.tool_card("greet").await.is_ok());
    assert!(!waiting.is_finished());
    proxy.heal();
    assert_eq!(within("the answer", waiting).await???, "Hello, Ann!");
    assert_eq!(seen.greetings(), 2);
    Ok(server.stop().await?)
}

async fn a_truncated_call_does_not_end_the_server(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let Behind {
        proxy,
        server,
        mut events,
        ..
    } = behind(&broker).await?;
    let scout = broker.client("scout").await?;
    let cut = proxy.on_publish(Direction::FromBroker, "/call", Fault::Truncate);
    let half = tokio::spawn(scout.call("greet", json!({"name": "Ann"})).into_future());
    cut.happened().await?;
    event(&mut events, "lost").await?;
    event(&mut events, "ready").await?;
    half.abort();
    let late = broker.client("analyst").await?;
    greet(&late).await?;
    Ok(server.stop().await?)
}

async fn a_server_that_is_reset_comes_back_and_serves(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let Behind {
        proxy,
        server,
        mut events,
        ..
    } = behind(&broker).await?;
    for _ in 0..3 {
        proxy.reset();
        event(&mut events, "lost").await?;
        event(&mut events, "ready").await?;
        greet(&broker.client("scout").await?).await?;
    }
    Ok(server.stop().await?)
}

/// The broker keeps the session for a while.
async fn a_caller_whose_connection_is_reset_has_its_answer(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let Behind {
        proxy: _proxy,
        server,
        seen,
        ..
    } = behind(&broker).await?;
    let proxy = Proxy::to(broker.port()).await?;
    let client = Client::builder("scout").namespace(NAMESPACE);
    let client = client.broker(through(&proxy, "scout")?).connect().await?;
    let call = tokio::spawn(client.call("hold", json!({})).into_future());
    Seen::one("a call that is held", &seen.begun).await?;
    proxy.reset();
    seen.gate.add_permits(1);
    assert_eq!(within("the answer", call).await???, "held");
    Ok(server.stop().await?)
}

async fn a_caller_whose_broker_is_away_mid_call_knows_soon(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let Behind {
        proxy: _proxy,
        server,
        seen,
        mut events,
        ..
    } = behind(&broker).await?;
    let scout = broker.client("scout").await?;
    let call = tokio::spawn(scout.call("hold", json!({})).into_future());
    Seen::one("a call that is held", &seen.begun).await?;
    let stopped = Instant::now();
    let broker = broker.stop().await?;
    // By the last will of the server, if the broker told of that before it went.
    let told = within("the failure", call).await??;
    let outcome = told.map_err(|error| error.outcome());
    assert_eq!(outcome, Err(Outcome::Unknown));
    assert!(stopped.elapsed() < SOON, "{:?}", stopped.elapsed());
    let broker = broker.start_again().await?;
    seen.gate.add_permits(1);
    event(&mut events, "ready").await?;
    greet(&broker.client("analyst").await?).await?;
    Ok(server.stop().await?)
}

async fn a_caller_in_a_black_hole_knows_soon_after_two_keep_alives(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let Behind {
        proxy: _proxy,
        server,
        seen,
        ..
    } = behind(&broker).await?;
    let proxy = Proxy::to(broker.port()).await?;
    let mut options = through(&proxy, "scout")?;
    options.keep_alive = Duration::from_secs(5);
    let client = Client::builder("scout")
        .namespace(NAMESPACE)
        .broker(options);
    let client = client.connect().await?;
    let call = client
        .call("hold", json!({}))
        .timeout(Duration::from_secs(60));
    let call = tokio::spawn(call.into_future());
    Seen::one("a call that is held", &seen.begun).await?;
    let silent = Instant::now();
    proxy.black_hole();
    assert_unknown(within("the failure", call).await??);
    assert!(
        silent.elapsed() < 2 * Duration::from_secs(5) + SOON,
        "{:?}",
        silent.elapsed()
    );
    seen.gate.add_permits(1);
    Ok(server.stop().await?)
}

fn assert_unknown(result: Result<serde_json::Value, CallError>) {
    match result {
        Err(error @ CallError::Connection { .. }) => assert_eq!(error.outcome(), Outcome::Unknown),
        other => panic!("{other:?}"),
    }
}

async fn a_slow_server_answers_every_call(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let Behind {
        proxy,
        server,
        seen,
        ..
    } = behind(&broker).await?;
    proxy.delay(Duration::from_millis(20));
    all_answered(&broker, 300).await?;
    assert_eq!(seen.greetings(), 300);
    Ok(server.stop().await?)
}

async fn a_server_that_takes_one_message_at_a_time_answers_every_call(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let one = |options: &mut ConnectOptions| options.receive_maximum = 1;
    let Behind {
        proxy: _proxy,
        server,
        seen,
        ..
    } = behind_with(&broker, one).await?;
    all_answered(&broker, 300).await?;
    assert_eq!(seen.greetings(), 300);
    Ok(server.stop().await?)
}

/// So many calls at once.
async fn all_answered(broker: &Broker, calls: usize) -> Result<()> {
    let scout = broker.client("scout").await?;
    let calls = (0..calls).map(|_| greet(&scout));
    for answered in within("the answers", join_all(calls)).await? {
        answered?;
    }
    Ok(())
}

/// Sessions too: the call goes on, unless the broker told of the last will of its server before it went.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_remembers_everything_is_served_again() -> Result<()> {
    let mosquitto = mcp_mqtt_tests::Mosquitto::builder().persistent().start()?;
    let broker = Broker::Mosquitto(Box::new(mosquitto));
    let Behind {
        proxy: _proxy,
        server,
        seen,
        mut events,
        ..
    } = behind(&broker).await?;
    let scout = Client::builder("scout").namespace(NAMESPACE);
    let scout = scout.reconnect_wait(PATIENCE);
    let scout = scout.broker(broker.options("scout")?).connect().await?;
    let call = tokio::spawn(scout.call("hold", json!({})).into_future());
    Seen::one("a call that is held", &seen.begun).await?;
    // Answered by the broker behind its acknowledgement of the call.
    scout.tool_card("hold").await?;
    let broker = broker.stop().await?;
    event(&mut events, "lost").await?;
    let broker = broker.start_again().await?;
    event(&mut events, "ready").await?;
    seen.gate.add_permits(1);
    match within("what became of it", call).await?? {
        Ok(answer) => assert_eq!(answer, "held"),
        Err(error) => assert_eq!(error.outcome(), Outcome::Unknown, "{error}"),
    }
    greet(&broker.client("analyst").await?).await?;
    Ok(server.stop().await?)
}
