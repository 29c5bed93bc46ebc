//! How it stands with the connection, and waiting until calls can be made.

use std::time::{Duration, Instant};

use super::shared::Shared;
use crate::mqtt::{ConnectionError, ReasonCode};
use crate::wire::MAX_TIMEOUT;

/// How it stands with the connection. Changed under the lock of the shared state only.
#[derive(Debug, Clone)]
pub(super) enum Link {
    /// Before the first CONNACK.
    Connecting,
    /// A new session, whose inbox is not subscribed yet.
    Subscribing,
    /// Calls can be made.
    Ready,
    /// The broker refused the inbox; no response could arrive.
    NoInbox(ReasonCode),
    /// No connection, for this reason; another attempt follows.
    Down(ConnectionError),
    /// No connection any more, for this reason.
    Ended(ConnectionError),
}

/// Why a call cannot even begin.
pub(super) enum NotReady {
    Down(ConnectionError),
    NoInbox(ReasonCode),
    Timeout,
}

/// Waits while a new session is being set up, but not while there is none.
pub(super) async fn ready(shared: &Shared, deadline: Instant) -> Result<(), NotReady> {
    if shared.is_ready() {
        return Ok(());
    }
    let mut link = shared.link();
    let settled = link.wait_for(|link| !matches!(link, Link::Connecting | Link::Subscribing));
    match tokio::time::timeout_at(deadline.into(), settled).await {
        Ok(Ok(link)) => match &*link {
            Link::Down(error) | Link::Ended(error) => Err(NotReady::Down(error.clone())),
            Link::NoInbox(reason) => Err(NotReady::NoInbox(*reason)),
            _ => Ok(()),
        },
        Ok(Err(_)) => Err(NotReady::Down(ConnectionError::Stopped)),
        Err(_) => Err(NotReady::Timeout),
    }
}

/// Why there is no connection.
pub(super) fn cause(shared: &Shared) -> ConnectionError {
    match shared.link_now() {
        Link::Down(error) | Link::Ended(error) => error,
        // It is back already.
        _ => ConnectionError::NoAnswer,
    }
}

/// `timeout` from `start`, at most the longest there is.
pub(super) fn deadline(start: Instant, timeout: Duration) -> Instant {
    start + timeout.min(MAX_TIMEOUT)
}
