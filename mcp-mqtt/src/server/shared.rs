//! What the tasks of one server share.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::cards::Identity;
use super::event::{Event, Hook};
use super::in_flight::InFlight;
use super::limits::Limits;
use super::refusals::Refusals;
use super::running_call::RunningCall;
use crate::mqtt::Connection;
use crate::tool::{Registry, StateMap};

pub(super) struct Shared {
    pub(super) identity: Identity,
    pub(super) registry: Registry,
    pub(super) state: StateMap,
    pub(super) limits: Limits,
    pub(super) hooks: Vec<Hook>,
    pub(super) refusals: Refusals,
    pub(super) calls: InFlight<RunningCall>,
    connection: OnceLock<Connection>,
    verified: AtomicBool,
    /// A broker that closes the connection on a refusal is probed once, not at each reconnect.
    probe_closed: AtomicBool,
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
        Self {
            identity,
            registry,
            state,
            limits,
            hooks,
            refusals: Refusals::default(),
            calls: InFlight::default(),
            connection: OnceLock::new(),
            verified: AtomicBool::new(false),
            probe_closed: AtomicBool::new(false),
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

    /// Whether the probe has ended a connection before.
    pub(super) fn has_probe_closed(&self) -> bool {
        self.probe_closed.load(Ordering::Relaxed)
    }

    pub(super) fn set_probe_closed(&self) {
        self.probe_closed.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(super) fn stop_taking_calls(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn tell(&self, event: &Event) {
        for hook in &self.hooks {
            hook(event);
        }
    }
}
