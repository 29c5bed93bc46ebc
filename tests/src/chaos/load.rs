//! The callers: clients that call without a pause, and note what they are told.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;
use mcp_mqtt::ConnectOptions;
use mcp_mqtt::client::{CallError, Client, Outcome};
use serde_json::json;

use super::judge::{Record, Told, Tool};
use super::{Plan, Shared};
use crate::seeded::Seeded;
use crate::{Proxy, within};

/// How long a caller waits after a failure, lest it does nothing but fail.
const AFTER_FAILURE: Duration = Duration::from_millis(20);

/// A client and its callers' tasks.
pub struct Caller {
    pub proxy: Proxy,
    client: Client,
    tasks: tokio::task::JoinSet<()>,
}

impl Caller {
    /// Connects a client and begins to call.
    pub async fn start(
        number: usize,
        plan: &Plan,
        shared: &Arc<Shared>,
        broker: u16,
    ) -> Result<Self> {
        let proxy = Proxy::to(broker).await?;
        let mut options = ConnectOptions::new(proxy.url().parse()?);
        options.keep_alive = plan.bounds.keep_alive;
        let client = Client::builder(format!("caller-{number}"))
            .namespace("chaos")
            .broker(options);
        let client = client.connect().await?;
        let mut tasks = tokio::task::JoinSet::new();
        for at in 0..plan.concurrency {
            let seed = plan.seed ^ ((number as u64) << 32) ^ at as u64;
            let worker = Worker {
                number,
                client: client.clone(),
                timeout: plan.timeout,
                shared: Arc::clone(shared),
                seeded: Seeded::new(seed),
            };
            tasks.spawn(worker.work());
        }
        Ok(Self {
            proxy,
            client,
            tasks,
        })
    }

    /// Waits until every call has ended; they end by themselves once the run is over.
    pub async fn finish(mut self) -> Result<()> {
        while within("the calls to end", self.tasks.join_next())
            .await?
            .is_some()
        {}
        self.client.disconnect().await;
        Ok(())
    }
}

struct Worker {
    number: usize,
    client: Client,
    timeout: Duration,
    shared: Arc<Shared>,
    seeded: Seeded,
}

impl Worker {
    async fn work(mut self) {
        while !self.shared.over.load(Ordering::SeqCst) {
            let id = self.shared.next.fetch_add(1, Ordering::SeqCst);
            let tool = *self.seeded.pick(&[Tool::Once, Tool::Again]);
            let start = Instant::now();
            let told = self.call(id, tool).await;
            let failed = told != Told::Ok;
            self.shared.told(Record {
                id,
                tool,
                client: self.number,
                start,
                end: Instant::now(),
                told,
            });
            if failed {
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }

    async fn call(&self, id: u64, tool: Tool) -> Told {
        let name = match tool {
            Tool::Once => "once",
            Tool::Again => "again",
        };
        let call = self
            .client
            .call(name, json!({ "id": id }))
            .timeout(self.timeout);
        let limit = self.timeout + Duration::from_secs(3);
        match tokio::time::timeout(limit, call.into_future()).await {
            Err(_) => Told::Hung,
            Ok(Ok(answer)) if answer == id => Told::Ok,
            Ok(Ok(answer)) => Told::Wrong(answer.to_string()),
            Ok(Err(error)) => told(&error),
        }
    }
}

fn told(error: &CallError) -> Told {
    let text = error.to_string();
    match (error, error.outcome()) {
        (CallError::Timeout { .. }, _) => Told::Nothing(text),
        (_, Outcome::NotRun) => Told::NotRun(text),
        (_, Outcome::Unknown) => Told::Unknown(text),
        _ => Told::Failed(text),
    }
}
