//! Servers and clients that find out whether the broker holds small packets back.

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::future::join_all;
use mcp_mqtt::client::{Client, Event};
use mcp_mqtt::server::RunningServer;
use mcp_mqtt::{ConnectOptions, Connections};
use mcp_mqtt_tests::{Mosquitto, Proxy, within};
use serde_json::json;
use tokio::sync::mpsc;

use crate::tools::tools;
use crate::world::{Broker, Kind, NAMESPACE, SERVICE, on_each_broker};

on_each_broker![a_broker_that_holds_nothing_back_has_one_connection_of_each];

/// More than a client looks at.
const CALLS: usize = 8;

/// A machine that is busy may hide what the broker does, or pretend it; hardly ever so often.
const TRIES: usize = 5;

/// A Mosquitto as it comes.
fn stock() -> Result<Broker> {
    let broker = Mosquitto::builder().setting("set_tcp_nodelay false");
    Ok(Broker::Mosquitto(Box::new(broker.start()?)))
}

/// Who connects, through a proxy that counts.
struct Line {
    proxy: Proxy,
    options: ConnectOptions,
}

impl Line {
    async fn of(broker: &Broker, who: &str, connections: Connections) -> Result<Self> {
        let proxy = Proxy::to(broker.port()).await?;
        let mut options = broker.options(who)?;
        options.url = proxy.url().parse()?;
        options.connections = connections;
        Ok(Self { proxy, options })
    }

    /// One or two, once those that are over are closed.
    async fn connections(&self) -> Result<usize> {
        let settled = async {
            while self.proxy.connections() > 2 {
                tokio::task::yield_now().await;
            }
        };
        within("the end of a connection", settled).await?;
        Ok(self.proxy.connections())
    }

    async fn serve(&self, broker: &Broker) -> Result<RunningServer> {
        let server = broker.server(tools()?.0)?.broker(self.options.clone());
        Ok(server.build()?.start().await?)
    }

    /// A client after so many calls. Each is answered, those that meet the change too, and nobody is told of a loss.
    async fn call(&self) -> Result<Client> {
        let (events, mut told) = mpsc::unbounded_channel();
        let scout = Client::builder("scout").namespace(NAMESPACE).retry(false);
        let scout = scout.broker(self.options.clone()).on_event(move |event| {
            let _ = events.send(matches!(event, Event::Connected));
        });
        let scout = scout.reconnect_wait(Duration::ZERO).connect().await?;
        for _ in 0..CALLS {
            scout.call("greet", json!({"name": "Ann"})).await?;
        }
        assert_eq!(told.recv().await, Some(true));
        assert!(told.try_recv().is_err(), "something else was told");
        // What is seen goes on to be seen.
        assert_eq!(scout.tools().await?.len(), 9);
        Ok(scout)
    }
}

/// Whether a server, and a client of it, come to have so many connections.
async fn come_to(broker: &Broker, connections: Connections, wanted: usize) -> Result<()> {
    let mut server = None;
    for _ in 0..TRIES {
        let line = Line::of(broker, SERVICE, connections).await?;
        let running = line.serve(broker).await?;
        if line.connections().await? == wanted {
            server = Some((running, line));
            break;
        }
        running.stop().await?;
    }
    let (server, line) = server.context("no server has the connections it should have")?;
    let mut as_wanted = false;
    for _ in 0..TRIES {
        let line = Line::of(broker, "scout", connections).await?;
        let scout = line.call().await?;
        as_wanted = line.connections().await? == wanted;
        scout.disconnect().await;
        if as_wanted {
            break;
        }
    }
    assert!(as_wanted, "no client has the connections it should have");
    assert_eq!(line.connections().await?, wanted);
    Ok(server.stop().await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_holds_packets_back_gets_two_connections_of_each() -> Result<()> {
    come_to(&stock()?, Connections::Auto, 2).await
}

async fn a_broker_that_holds_nothing_back_has_one_connection_of_each(kind: Kind) -> Result<()> {
    come_to(&Broker::open(kind).await?, Connections::Auto, 1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_wants_one_connection_has_one() -> Result<()> {
    come_to(&stock()?, Connections::One, 1).await
}

/// After two slow calls the client asks the broker, and many begin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_meet_the_change_are_answered() -> Result<()> {
    let broker = stock()?;
    let server = Line::of(&broker, SERVICE, Connections::Auto).await?;
    let server = server.serve(&broker).await?;
    let options = broker.options("scout")?;
    let scout = Client::builder("scout").namespace(NAMESPACE).retry(false);
    let scout = scout.broker(options).reconnect_wait(Duration::ZERO);
    let scout = scout.connect().await?;
    for _ in 0..2 {
        scout.call("greet", json!({"name": "Ann"})).await?;
    }
    let chains = [20; 8].map(|calls| {
        let scout = scout.clone();
        tokio::spawn(async move {
            for _ in 0..calls {
                scout.call("greet", json!({"name": "Ann"})).await?;
            }
            anyhow::Ok(())
        })
    });
    for answered in join_all(chains).await {
        answered??;
    }
    Ok(server.stop().await?)
}
