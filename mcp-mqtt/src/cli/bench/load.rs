//! The calls that are measured: a closed loop of our client.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::task::JoinSet;

use super::args::Plan;
use super::tally::Tally;
use crate::cli::call;
use crate::cli::exit::Exit;
use crate::client::{CallError, Client};
use crate::wire;

/// A failed call makes room for the next only after this time: most fail at once.
const AFTER_FAILURE: Duration = Duration::from_millis(10);

/// What calls.
pub(super) struct Load {
    client: Client,
    job: Arc<Job>,
    concurrency: u16,
    /// The sizes of the payloads of a call and its response.
    pub(super) sizes: [usize; 2],
}

struct Job {
    tool: String,
    arguments: Map<String, Value>,
}

impl Load {
    /// Connects, and calls once: whatever is wrong with the calls is found here.
    pub(super) async fn start(plan: &Plan) -> Result<Self, Exit> {
        let client = Client::builder(&plan.caller)
            .namespace(plan.namespace.as_str())
            .broker(plan.options.clone())
            .timeout(plan.timeout)
            .max_pending(usize::from(plan.concurrency))
            .connect()
            .await
            .map_err(|error| call::not_connected(&error))?;
        let job = Job {
            tool: plan.tool.clone(),
            arguments: plan.arguments.clone(),
        };
        let result = client.call(&job.tool, &job.arguments).await;
        let result = result.map_err(|error| call::failed(&error))?;
        Ok(Self {
            client,
            sizes: sizes(plan, result),
            job: Arc::new(job),
            concurrency: plan.concurrency,
        })
    }

    /// Calls for `time`, and then waits for the calls that are on their way.
    pub(super) async fn turn(&self, time: Duration) -> Result<Tally, Exit> {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let begin = Instant::now();
        let mut workers = JoinSet::new();
        for _ in 0..self.concurrency {
            let (client, job, tally) = (self.client.clone(), self.job.clone(), tally.clone());
            workers.spawn(async move { work(&client, &job, &tally, begin + time).await });
        }
        while let Some(worker) = workers.join_next().await {
            // Dropping the set ends the others.
            worker
                .map_err(Exit::failure)?
                .map_err(|error| call::failed(&error))?;
        }
        let mut tally = std::mem::take(&mut *tally.lock().unwrap_or_else(PoisonError::into_inner));
        tally.elapsed = begin.elapsed();
        Ok(tally)
    }

    pub(super) async fn end(self) {
        self.client.disconnect().await;
    }
}

/// Calls again and again until the time is over, or nobody may call any more.
async fn work(
    client: &Client,
    job: &Job,
    tally: &Mutex<Tally>,
    until: Instant,
) -> Result<(), CallError> {
    loop {
        let began = Instant::now();
        let outcome = client.call(&job.tool, &job.arguments).await;
        let now = Instant::now();
        let failed = outcome.is_err();
        {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(_) => tally.record(now - began),
                Err(error @ CallError::Unauthorized { .. }) => return Err(error),
                Err(error) => tally.fail(kind(&error), &error),
            }
        }
        if now >= until {
            return Ok(());
        }
        if failed {
            tokio::time::sleep(AFTER_FAILURE).await;
        }
    }
}

fn kind(error: &CallError) -> &'static str {
    match error {
        CallError::Unauthorized { .. } => "unauthorized",
        CallError::Unavailable { .. } => "unavailable",
        CallError::Timeout { .. } => "timeout",
        CallError::InvalidArguments { .. } | CallError::InvalidName { .. } => "invalid_arguments",
        CallError::Tool { .. } => "tool_error",
        CallError::Connection { .. } => "connection",
        _ => "other",
    }
}

/// The bytes that a call and its response have as payloads.
fn sizes(plan: &Plan, result: Value) -> [usize; 2] {
    let (call_id, inbox) = ("0".repeat(32), plan.namespace.inbox(&plan.caller));
    let call = wire::Call::new(&call_id, &plan.caller, &inbox);
    let arguments = wire::Arguments::new(&plan.arguments);
    let response = wire::Response::ok(call_id.clone(), result, 0);
    [
        arguments.map_or(0, |arguments| arguments.call(&call).len()),
        serde_json::to_vec(&response).map_or(0, |json| json.len()),
    ]
}
