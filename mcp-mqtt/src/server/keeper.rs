//! Keeps the deadlines of calls, on a thread of its own.
//!
//! A tool may block its thread, and with it whatever task was to run there next; a task that keeps the
//! deadlines could be that one. This thread sees to it that another worker of the runtime looks after the
//! connection meanwhile, and costs a call nothing.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::runtime::Handle;

use super::call::{self, TOO_LATE};
use super::in_flight::{Holding, Ticket};
use super::shared::{Held, Running, Shared};
use crate::mqtt::Connection;
use crate::wire::{Accepted, ErrorKind};

/// How often what is remembered of calls is looked through for what may be forgotten.
const FORGETTING: Duration = Duration::from_secs(60);

/// The thread, until this is dropped.
pub(super) struct Keeper(Arc<Shared>);

impl Keeper {
    /// Starts it. Must be called inside a runtime.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(super) fn start(shared: &Arc<Shared>, connection: Connection) -> io::Result<Self> {
        let runtime = Handle::current();
        let shared = Arc::clone(shared);
        let keeper = Self(Arc::clone(&shared));
        std::thread::Builder::new()
            .name("mcp-mqtt-keeper".to_owned())
            .spawn(move || keep(&shared, &connection, &runtime))?;
        Ok(keeper)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.calls.close();
    }
}

fn keep(shared: &Arc<Shared>, connection: &Connection, runtime: &Handle) {
    let mut forgot = Instant::now();
    while shared.calls.sleep() {
        let now = Instant::now();
        let due = shared.calls.due(now);
        let (owner, connection) = (Arc::clone(shared), connection.clone());
        // Also without anything to do: a worker that is woken takes over from one that is blocked.
        runtime.spawn(async move {
            let message = "the tool took longer than it may; it was stopped";
            for call in due.expired {
                drop(call.give_up(&owner, &connection, ErrorKind::Timeout, message));
            }
            for (ticket, call) in due.unstarted {
                // Not `timeout`, which may mean that the tool ran.
                drop(call::refuse_held(&owner, ticket, call, TOO_LATE));
            }
            // Last, and not on the keeper's thread: whom to tell may have to be read from large payloads.
            let held = due.held.iter();
            let notices =
                held.filter_map(|(ticket, call)| notice(&owner, &connection, *ticket, call));
            join_all(notices.collect::<Vec<_>>()).await;
        });
        if now.saturating_duration_since(forgot) >= FORGETTING {
            forgot = now;
            shared.duplicates().expire_all(now);
        }
    }
}

/// Tells a caller that its call is held, before the response and never after it.
fn notice(
    shared: &Shared,
    connection: &Connection,
    ticket: Ticket,
    holding: &Holding<Held, Running>,
) -> Option<impl Future<Output = ()> + use<>> {
    let (reply, call_id) = match holding {
        Holding::Runs(call) => (call.reply.clone(), call.context.call_id().to_owned()),
        Holding::Waits(call) => call.addressed(shared)?,
    };
    let notice = Accepted::new(call_id, shared.instance.name.clone());
    // Strings always have a JSON form.
    let payload = serde_json::to_vec(&notice).unwrap_or_default();
    let message = reply.publish(payload.into());
    let sending = shared
        .calls
        .while_held(ticket, || connection.publish(message))?;
    shared.meter.notice();
    Some(async move {
        if let Err(error) = sending.await {
            tracing::debug!(%error, "a caller could not be told that its call is held");
        }
    })
}
