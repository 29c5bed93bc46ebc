//! What a server tells its hooks.

use std::sync::Arc;
use std::time::Duration;

use crate::mqtt::ConnectionError;

/// A change of the server's connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Subscribed and announced: calls are served from now on. Again after each reconnect.
    Ready {
        /// Whether the broker enforces a policy, so that callers on their own topics are verified.
        verified: bool,
    },
    /// The connection is gone.
    Lost {
        /// Why.
        error: Arc<ConnectionError>,
        /// When the next attempt starts; `None` if there is none.
        retry_in: Option<Duration>,
    },
    /// The server has stopped and takes no more calls.
    Stopped,
}

pub(super) type Hook = Arc<dyn Fn(&Event) + Send + Sync>;
