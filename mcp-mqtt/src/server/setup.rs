//! `Setup`: what the body of an `#[mcp_server]` main may set before the server connects.

use std::sync::Arc;

use super::event::{Event, Hook};
use super::limits::Limits;
use crate::tool::StateMap;

/// State, limits and hooks of a server: the parameter of `async fn main(setup: Setup)`.
///
/// Nothing here changes a policy or a card: those come from the annotations alone, so that the
/// exported policy is that of the server that runs.
///
/// ```
/// use mcp_mqtt::server::{Limits, Setup};
///
/// struct Db;
///
/// async fn main_body(setup: Setup) -> Result<Setup, std::io::Error> {
///     Ok(setup.state(Db).limits(Limits::default().max_in_flight(8)))
/// }
/// ```
#[derive(Default)]
#[must_use = "return it from `main`"]
pub struct Setup {
    pub(super) state: StateMap,
    pub(super) limits: Limits,
    pub(super) hooks: Vec<Hook>,
}

impl Setup {
    /// Gives `value` to tools that take `State<T>`; the last one of a type wins.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.state.insert(value);
        self
    }

    /// Replaces the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Calls `hook` on each event of the connection. It runs on the server's own task: it must not block.
    pub fn on_event(mut self, hook: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.hooks.push(Arc::new(hook));
        self
    }
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
