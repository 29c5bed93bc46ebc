//! The chaos run: callers that never pause, replicas and a broker that end and come back, connections that
//! break, and a ledger that says of each call how often it ran and what its caller was told.
//!
//! A seed decides what is broken in which order; what runs at that moment is up to the machine, so that a
//! seed makes a finding likely again and does not promise it.

mod fleet;
pub mod judge;
mod load;
mod report;
mod schedule;
pub mod timeline;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::seeded::Seeded;
use crate::{Mosquitto, within};
use fleet::Slot;
use judge::{Bounds, Kind, Record, Runs};
use load::Caller;
pub use report::Report;
use schedule::Stage;
use timeline::{Disturbance, What};

/// What a run does, and how long.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program `replica`.
    pub program: PathBuf,
    /// Decides what is broken.
    pub seed: u64,
    /// How long things are broken.
    pub duration: Duration,
    /// How many replicas there are.
    pub replicas: usize,
    /// How many clients there are, each with a connection.
    pub clients: usize,
    /// How many calls each client has in flight.
    pub concurrency: usize,
    /// How long a call may take.
    pub timeout: Duration,
    /// How often a replica is killed or terminated, and now and then two.
    pub kill_every: Duration,
    /// How often the broker is restarted, with what it remembers or without.
    pub restart_every: Duration,
    /// How often a connection is broken.
    pub cut_every: Duration,
    /// What must hold.
    pub bounds: Bounds,
    /// Whether a line a second says how it goes, on standard error.
    pub live: bool,
}

impl Plan {
    /// Three replicas, four clients with eight calls each, the broker restarted every 10 s.
    #[must_use]
    pub fn new(program: PathBuf, seed: u64, duration: Duration) -> Self {
        Self {
            program,
            seed,
            duration,
            replicas: 3,
            clients: 4,
            concurrency: 8,
            timeout: Duration::from_secs(15),
            kill_every: Duration::from_secs(2),
            restart_every: Duration::from_secs(10),
            cut_every: Duration::from_millis(1_700),
            bounds: Bounds::default(),
            live: false,
        }
    }
}

/// Does what the plan says, and judges it.
///
/// # Errors
///
/// When the broker or the replicas cannot be started or watched: what the run finds is no error.
pub async fn run(plan: &Plan) -> Result<Report> {
    let folder = tempfile::tempdir().context("a folder for the ledger")?;
    let ledger = folder.path().join("ledger");
    let shared = Arc::new(Shared::new(ledger.clone()));
    let broker = Mosquitto::builder().persistent().start()?;
    let port = broker.port();
    let mut slots = Vec::new();
    for number in 0..plan.replicas {
        slots.push(Slot::start(number, plan.program.clone(), &shared, port).await?);
    }
    within("the replicas to serve", shared.all_present(plan.replicas)).await?;
    let mut callers = Vec::new();
    for number in 0..plan.clients {
        callers.push(Caller::start(number, plan, &shared, port).await?);
    }
    let mut stage = Stage {
        broker,
        slots,
        callers,
        shared: Arc::clone(&shared),
        seeded: Seeded::new(plan.seed),
    };
    let live = plan
        .live
        .then(|| tokio::spawn(report::live(Arc::clone(&shared))));
    let disturbed = stage.disturb(plan).await;
    shared.over.store(true, Ordering::SeqCst);
    let mut finished = Ok(());
    for caller in stage.callers {
        finished = finished.and(caller.finish().await);
    }
    if let Some(live) = live {
        live.abort();
    }
    disturbed?;
    finished?;
    drop(stage.slots);
    let runs = read(&std::fs::read_to_string(ledger).unwrap_or_default())?;
    Ok(shared.report(plan, runs))
}

/// The runs in a ledger.
fn read(text: &str) -> Result<Runs> {
    let mut runs = Runs::new();
    for line in text.lines() {
        let (id, instance) = line.split_once(' ').context("half a line in the ledger")?;
        runs.entry(id.parse()?)
            .or_default()
            .push(instance.to_owned());
    }
    Ok(runs)
}

/// What all parts of a run share.
struct Shared {
    ledger: PathBuf,
    began: Instant,
    over: AtomicBool,
    next: AtomicU64,
    records: Mutex<Vec<Record>>,
    disturbances: Mutex<Vec<Disturbance>>,
    complaints: Mutex<Vec<String>>,
    stuck: Mutex<Vec<String>>,
    presence: Mutex<Presence>,
    changed: tokio::sync::Notify,
}

/// Which replicas are there.
struct Presence {
    now: HashMap<usize, String>,
    /// Since when there is none.
    nobody: Option<Instant>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn new(ledger: PathBuf) -> Self {
        Self {
            ledger,
            began: Instant::now(),
            over: AtomicBool::new(false),
            next: AtomicU64::new(1),
            records: Mutex::default(),
            disturbances: Mutex::default(),
            complaints: Mutex::default(),
            stuck: Mutex::default(),
            presence: Mutex::new(Presence {
                now: HashMap::new(),
                nobody: Some(Instant::now()),
            }),
            changed: tokio::sync::Notify::new(),
        }
    }

    fn told(&self, record: Record) {
        lock(&self.records).push(record);
    }

    /// Something was broken from then until now.
    fn disturbed(&self, what: What, from: Instant) {
        let until = match what {
            What::Kill(_) => from,
            _ => Instant::now(),
        };
        lock(&self.disturbances).push(Disturbance { what, from, until });
    }

    fn complain(&self, text: String) {
        lock(&self.complaints).push(text);
    }

    fn stuck(&self, name: &str) {
        lock(&self.stuck).push(format!("replica {name}"));
    }

    fn presence(&self) -> MutexGuard<'_, Presence> {
        lock(&self.presence)
    }

    /// A replica is there, or gone.
    fn present(&self, slot: usize, name: Option<String>) {
        let mut presence = self.presence();
        match name {
            Some(name) => drop(presence.now.insert(slot, name)),
            None => drop(presence.now.remove(&slot)),
        }
        if presence.now.is_empty() {
            presence.nobody.get_or_insert_with(Instant::now);
        } else if let Some(since) = presence.nobody.take() {
            self.disturbed(What::Nobody, since);
        }
        drop(presence);
        self.changed.notify_waiters();
    }

    async fn all_present(&self, replicas: usize) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.presence().now.len() == replicas {
                return;
            }
            changed.await;
        }
    }

    fn report(&self, plan: &Plan, runs: Runs) -> Report {
        let records = std::mem::take(&mut *lock(&self.records));
        let disturbances = std::mem::take(&mut *lock(&self.disturbances));
        let mut violations = judge::judge(&records, &runs, &disturbances, plan.bounds);
        let stuck = std::mem::take(&mut *lock(&self.stuck));
        if !stuck.is_empty() {
            violations.insert(Kind::Stuck, stuck);
        }
        Report {
            seed: plan.seed,
            took: self.began.elapsed(),
            complaints: std::mem::take(&mut *lock(&self.complaints)),
            records,
            runs,
            disturbances,
            violations,
        }
    }
}
