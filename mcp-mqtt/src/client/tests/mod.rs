//! The client against a Mosquitto that really runs, with scripted servers behind it.
//!
//! Nothing here waits by sleeping: every wait is for an event, with a deadline.

mod calls;
mod connection;
mod deaths;
mod discovery;
mod failures;
mod giving_up;
#[cfg(all(feature = "cli", feature = "metrics"))]
mod observed;
mod outages;
mod proxy;
mod refused;
mod retries;
mod routes;
mod script;
mod stall;
mod streams;

use std::time::Duration;

use serde_json::{Value, json};

use super::cards::tests::{instance_json, server_json, tool_json};
use super::*;
use crate::mqtt::tests::mosquitto::Mosquitto;
use script::Script;

/// Far more than anything here takes, and less than the timeout of a call.
const DEADLINE: Duration = Duration::from_secs(20);

/// `wait`, or a panic at the deadline.
async fn soon<T>(wait: impl IntoFuture<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, wait.into_future())
        .await
        .expect("not in time")
}

/// Waits until `done`, which others bring about.
async fn until(done: impl Fn() -> bool) {
    soon(async {
        while !done() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn url(broker: &Mosquitto) -> String {
    format!("mqtt://127.0.0.1:{}", broker.port)
}

fn describe(broker: &Mosquitto, caller: &str) -> ClientBuilder {
    Client::builder(caller).url(&url(broker)).namespace("demo")
}

async fn connect(broker: &Mosquitto, caller: &str) -> Client {
    soon(describe(broker, caller).connect()).await.unwrap()
}

/// What a server of ours announces.
fn ours() -> Value {
    json!({"bound": true, "inbox": true})
}
