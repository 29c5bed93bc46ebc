//! What the tasks of one server share.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore};

use super::cards::Identity;
use super::duplicates::Duplicates;
use super::event::{Event, Hook};
use super::in_flight::InFlight;
use super::incoming::Incoming;
use super::instance::Instance;
use super::limits::Limits;
use super::partials::NotStreaming;
use super::party::Party;
use super::places::Bounds;
use super::presence::Presence;
use super::rate::Rates;
use super::refusals::{Refusals, Throttle};
use super::resending::Resending;
use super::running_call::RunningCall;
use super::streams::Streams;
use crate::meter::ServerMeter;
use crate::mqtt::Connection;
use crate::tool::{Registry, StateMap};

/// How many lines about failed tools the log takes in ten seconds.
const FAILURES_LOGGED: u64 = 20;

/// How many lines about responses that were not delivered the log takes in ten seconds.
const UNDELIVERED_LOGGED: u64 = 5;

/// How many refusals may wait to be sent.
const REFUSING: usize = 8192;

/// How many bytes of responses may wait to be sent again.
const RESENDING: usize = 16 * 1024 * 1024;

/// A call that waits for its place.
pub(super) type Held = Arc<Incoming>;

/// A call that runs.
pub(super) type Running = Arc<RunningCall>;

pub(super) struct Shared {
    pub(super) identity: Identity,
    pub(super) instance: Instance,
    pub(super) presence: Presence,
    pub(super) registry: Registry,
    pub(super) state: StateMap,
    pub(super) limits: Limits,
    pub(super) hooks: Vec<Hook>,
    pub(super) refusals: Refusals,
    pub(super) meter: ServerMeter,
    /// Lines about tools that failed.
    pub(super) failures: Throttle,
    /// Lines about responses that were not delivered.
    pub(super) undelivered: Throttle,
    /// Room for refusals that wait to be sent.
    pub(super) refusing: Arc<Semaphore>,
    /// Room, in bytes, for responses that wait to be sent again.
    pub(super) resending: Resending,
    /// Woken when a connection is there again.
    pub(super) connected: Notify,
    pub(super) streams: Arc<Streams>,
    pub(super) not_streaming: Arc<NotStreaming>,
    pub(super) calls: InFlight<Held, Running>,
    duplicates: Mutex<Duplicates>,
    rates: Mutex<Rates>,
    connection: OnceLock<Connection>,
    verified: AtomicBool,
    /// How many probes in a row ended with the connection.
    probes_lost: AtomicU32,
    /// Whether the broker holds packets back was asked.
    measured: AtomicBool,
    stopping: AtomicBool,
    drained: AtomicBool,
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
        let bounds = Bounds {
            running: limits.max_in_flight,
            waiting: limits.queue,
            waiting_bytes: limits.queue_bytes,
        };
        Self {
            duplicates: Mutex::new(Duplicates::new(limits.remembered)),
            rates: Mutex::default(),
            identity,
            presence: Presence::new(instance.clone()),
            instance,
            registry,
            state,
            limits,
            hooks,
            refusals: Refusals::default(),
            meter: ServerMeter::register(),
            failures: Throttle::new(FAILURES_LOGGED),
            undelivered: Throttle::new(UNDELIVERED_LOGGED),
            refusing: Arc::new(Semaphore::new(REFUSING)),
            resending: Resending::new(RESENDING),
            connected: Notify::new(),
            streams: Arc::default(),
            not_streaming: Arc::new(NotStreaming),
            calls: InFlight::new(bounds),
            connection: OnceLock::new(),
            verified: AtomicBool::new(false),
            probes_lost: AtomicU32::new(0),
            measured: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            drained: AtomicBool::new(false),
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

    /// Which calls have come before.
    pub(super) fn duplicates(&self) -> MutexGuard<'_, Duplicates> {
        self.duplicates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call of `party`.
    ///
    /// # Errors
    ///
    /// How long to wait, when it calls too often.
    pub(super) fn pass(&self, party: &Party, now: Instant) -> Result<(), Duration> {
        let Some(rate) = self.limits.rate else {
            return Ok(());
        };
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        rates.pass(rate, party, now)
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

    /// `true` once: whether the broker holds packets back is asked once, though the connection should end with it.
    pub(super) fn measures(&self) -> bool {
        !self.measured.swap(true, Ordering::Relaxed)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(super) fn stop_taking_calls(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the server is past its drain: nothing is sent again.
    pub(super) fn is_drained(&self) -> bool {
        self.drained.load(Ordering::Relaxed)
    }

    pub(super) fn stop_sending_again(&self) {
        self.drained.store(true, Ordering::Relaxed);
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
