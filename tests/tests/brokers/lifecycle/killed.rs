//! A replica is killed with a hundred calls running: who may run again is answered, everybody else knows soon, and
//! nothing runs twice that must not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mcp_mqtt::client::{CallError, Outcome};
use mcp_mqtt::tool::{Hints, Registry, Tool, ToolError};
use mcp_mqtt_tests::within;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::presence::mortal;
use crate::world::{Broker, Kind, on_each_broker};

const CALLS: u64 = 100;

/// How soon a caller knows when a socket was closed.
const SOON: Duration = Duration::from_secs(2);

on_each_broker![of_a_hundred_calls_none_is_lost_in_silence_when_a_replica_is_killed];

/// How often each call ran.
#[derive(Default)]
struct Ledger {
    runs: Mutex<HashMap<u64, usize>>,
}

impl Ledger {
    fn note(&self, id: u64) {
        *self.runs.lock().expect("the ledger").entry(id).or_default() += 1;
    }

    fn ran(&self, id: u64) -> usize {
        let runs = self.runs.lock().expect("the ledger");
        runs.get(&id).copied().unwrap_or_default()
    }

    fn calls(&self) -> usize {
        self.runs.lock().expect("the ledger").len()
    }
}

/// `once` and `again`, which end when the gate opens.
fn registry(ledger: &Arc<Ledger>, gate: &Arc<Semaphore>) -> Result<Registry> {
    let mut registry = Registry::empty();
    for name in ["once", "again"] {
        let (ledger, gate) = (Arc::clone(ledger), Arc::clone(gate));
        let tool = Tool::builder(name)
            .description("A test.")
            .input_schema(json!({"type": "object"}))
            .hints(Hints::new().idempotent(name == "again"))
            .raw_handler(move |arguments: Map<String, Value>, _| {
                let (ledger, gate) = (Arc::clone(&ledger), Arc::clone(&gate));
                async move {
                    let id = arguments["id"].as_u64().context("no id")?;
                    ledger.note(id);
                    let _open = gate.acquire().await?;
                    Ok::<_, ToolError>(json!(id))
                }
            });
        registry = registry.add(tool.build()?)?;
    }
    Ok(registry)
}

fn gate() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

fn tool(id: u64) -> &'static str {
    if id.is_multiple_of(2) {
        "again"
    } else {
        "once"
    }
}

async fn of_a_hundred_calls_none_is_lost_in_silence_when_a_replica_is_killed(
    kind: Kind,
) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let ledger = Arc::new(Ledger::default());
    let (never, gate) = (gate(), gate());
    let killed = mortal(broker.server(registry(&ledger, &never)?)?).await?;
    let alive = broker.server(registry(&ledger, &gate)?)?.build()?;
    let alive = alive.start().await?;
    let scout = broker.client("scout").await?;
    let call = |id| {
        let call = scout.call(tool(id), json!({ "id": id })).into_future();
        tokio::spawn(async move { (call.await, Instant::now()) })
    };
    let calls: Vec<_> = (0..CALLS).map(|id| (id, call(id))).collect();
    let begun = async {
        while ledger.calls() < CALLS as usize {
            tokio::task::yield_now().await;
        }
    };
    within("the calls", begun).await?;
    let at = Instant::now();
    killed.shutdown_background();
    gate.add_permits(1);
    let mut lost = 0;
    for (id, call) in calls {
        let (told, when) = within("what became of a call", call).await??;
        match told {
            Ok(answer) => assert_eq!(answer, id),
            Err(error) if tool(id) == "once" => {
                assert!(matches!(error, CallError::ServerDied { .. }), "{error}");
                assert_eq!(error.outcome(), Outcome::Unknown);
                assert!(when - at < SOON, "{:?}", when - at);
                lost += 1;
            }
            Err(error) => return Err(error.into()),
        }
        assert!(tool(id) == "again" || ledger.ran(id) == 1, "{id} ran twice");
    }
    assert!(
        lost > 0,
        "none of the calls was with the one that was killed"
    );
    Ok(alive.stop().await?)
}
