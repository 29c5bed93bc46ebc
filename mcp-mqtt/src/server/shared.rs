//! What the tasks of one server share.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

use super::cards::Identity;
use super::event::{Event, Hook};
use super::in_flight::InFlight;
use super::instance::Instance;
use super::limits::Limits;
use super::presence::Presence;
use super::refusals::{Refusals, Throttle};
use super::running_call::RunningCall;
use super::streams::Streams;
use crate::mqtt::Connection;
use crate::tool::{Registry, StateMap};

/// How many lines about failed tools the log takes in ten seconds.
const FAILURES_LOGGED: u64 = 20;

/// How many refusals may wait to be sent.
const REFUSING: usize = 1024;

pub(super) struct Shared {
    pub(super) identity: Identity,
    pub(super) instance: Instance,
    pub(super) presence: Presence,
    pub(super) registry: Registry,
    pub(super) state: StateMap,
    pub(super) limits: Limits,
    pub(super) hooks: Vec<Hook>,
    pub(super) refusals: Refusals,
    /// Lines about tools that failed.
    pub(super) failures: Throttle,
    /// Room for refusals that wait to be sent.
    pub(super) refusing: Arc<Semaphore>,
    pub(super) streams: Arc<Streams>,
    pub(super) calls: InFlight<RunningCall>,
    connection: OnceLock<Connection>,
    verified: AtomicBool,
    /// How many probes in a row ended with the connection.
    probes_lost: AtomicU32,
    stopping: AtomicBool,
}

impl Shared {
    pub(super) fn new(
        identity: Identity,
        registry: Registry,
        state: StateMap,
        limits: Limits,
        hooks: Vec<Hook>,
    ) -> Self {
        let instance = Instance::new();
        Self {
            identity,
            presence: Presence::new(instance.clone()),
            instance,
            registry,
            state,
            limits,
            hooks,
            refusals: Refusals::default(),
            failures: Throttle::new(FAILURES_LOGGED),
            refusing: Arc::new(Semaphore::new(REFUSING)),
            streams: Arc::default(),
            calls: InFlight::default(),
            connection: OnceLock::new(),
            verified: AtomicBool::new(false),
            probes_lost: AtomicU32::new(0),
            stopping: AtomicBool::new(false),
        }
    }

    /// The connection; `None` only until [`Connection::open`] has returned.
    pub(super) fn connection(&self) -> Option<&Connection> {
        self.connection.get()
    }

    pub(super) fn set_connection(&self, connection: Connection) {
        // Set once, right after opening; a second connection does not exist.
        let _ = self.connection.set(connection);
    }

    /// Whether a caller-bound topic proves its caller: the broker refused our probe.
    pub(super) fn is_verified(&self) -> bool {
        self.verified.load(Ordering::Relaxed)
    }

    pub(super) fn set_verified(&self, verified: bool) {
        self.verified.store(verified, Ordering::Relaxed);
    }

    /// How many probes in a row ended with the connection.
    pub(super) fn probes_lost(&self) -> u32 {
        self.probes_lost.load(Ordering::Relaxed)
    }

    pub(super) fn probed(&self, lost: bool) {
        let lost = if lost { self.probes_lost() + 1 } else { 0 };
        self.probes_lost.store(lost, Ordering::Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(super) fn stop_taking_calls(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Tells the hooks. One that panics is told of in the log and does no more harm.
    pub(super) fn tell(&self, event: &Event) {
        for hook in &self.hooks {
            if catch_unwind(AssertUnwindSafe(|| hook(event))).is_err() {
                tracing::error!(?event, "a hook for events panicked");
            }
        }
    }
}
