//! What a client tells its hooks.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::mqtt::ConnectionError;

/// A change of the client's connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Connected, and the inbox is subscribed: calls can be made.
    Connected,
    /// The same again after a loss.
    Reconnected {
        /// Whether the broker kept the session: calls that were pending go on, and responses that came
        /// meanwhile are not lost. Otherwise they have failed, or are sent again.
        resumed: bool,
    },
    /// The connection is gone, or an attempt to make it again failed.
    Lost {
        /// Why.
        error: Arc<ConnectionError>,
        /// When the next attempt starts; `None` if there is none.
        retry_in: Option<Duration>,
    },
}

/// What is told, in the order in which it was given.
#[derive(Clone, Default)]
pub(super) struct Hooks(Vec<Hook>);

type Hook = Arc<dyn Fn(&Event) + Send + Sync>;

impl Hooks {
    pub(super) fn add(&mut self, hook: impl Fn(&Event) + Send + Sync + 'static) {
        self.0.push(Arc::new(hook));
    }

    /// Tells them. One that panics is told of in the log and does no more harm.
    pub(super) fn tell(&self, event: &Event) {
        for hook in &self.0 {
            if catch_unwind(AssertUnwindSafe(|| hook(event))).is_err() {
                tracing::error!(?event, "a hook for events panicked");
            }
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}
