//! The replicas: processes that are ended, one way or the other, and started again.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Shared;
use super::timeline::What;
use crate::Proxy;

/// How long a replica may take to end by SIGTERM: its drain timeout and a little.
const PATIENCE: Duration = Duration::from_secs(15);

/// How a replica is to end, and how long its place stays empty.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    pub signal: Signal,
    pub pause: Duration,
}

/// One place for a replica. Its process dies with it.
pub struct Slot {
    pub proxy: Proxy,
    orders: mpsc::UnboundedSender<Ending>,
    task: JoinHandle<()>,
}

impl Slot {
    /// Starts the first replica of this place, and returns before it is ready.
    pub async fn start(
        number: usize,
        program: PathBuf,
        shared: &Arc<Shared>,
        broker: u16,
    ) -> Result<Self> {
        let proxy = Proxy::to(broker).await?;
        let (orders, ordered) = mpsc::unbounded_channel();
        let keeper = Keeper {
            number,
            program,
            url: proxy.url(),
            shared: Arc::clone(shared),
            ordered,
        };
        let task = tokio::spawn(keeper.keep());
        Ok(Self {
            proxy,
            orders,
            task,
        })
    }

    pub fn end(&self, ending: Ending) {
        // It lives as long as the place.
        let _ = self.orders.send(ending);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Keeper {
    number: usize,
    program: PathBuf,
    url: String,
    shared: Arc<Shared>,
    ordered: mpsc::UnboundedReceiver<Ending>,
}

impl Keeper {
    async fn keep(mut self) {
        for generation in 0.. {
            let name = format!("{}.{generation}", self.number);
            match self.live(&name).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => self.shared.complain(format!("replica {name}: {error:#}")),
            }
        }
    }

    /// The life of one replica; `false` when there is to be no other.
    async fn live(&mut self, name: &str) -> Result<bool> {
        let mut child = self.spawn(name)?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        while !lines
            .next_line()
            .await?
            .context("it ended")?
            .contains("is ready")
        {}
        self.shared.present(self.number, Some(name.to_owned()));
        // Orders from before it was ready were meant for the one before.
        while self.ordered.try_recv().is_ok() {}
        let Some(ending) = self.ordered.recv().await else {
            return Ok(false);
        };
        self.shared.present(self.number, None);
        let from = Instant::now();
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        kill_process(pid.context("it has ended by itself")?, ending.signal)?;
        if ending.signal == Signal::KILL {
            self.shared.disturbed(What::Kill(name.to_owned()), from);
        }
        if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
            self.shared.stuck(name);
            child.kill().await?;
        }
        if ending.signal != Signal::KILL {
            self.shared
                .disturbed(What::Terminate(name.to_owned()), from);
        }
        tokio::time::sleep(ending.pause).await;
        Ok(true)
    }

    fn spawn(&self, name: &str) -> Result<Child> {
        Command::new(&self.program)
            .args(["serve", "--broker", &self.url])
            .env_clear()
            .env("CHAOS_LEDGER", &self.shared.ledger)
            .env("CHAOS_INSTANCE", name)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", self.program.display()))
    }
}
