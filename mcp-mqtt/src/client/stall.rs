//! Finds out whether the broker holds small packets back, once, and makes two connections of one then.
//!
//! A response that comes late makes it a suspect, or the way to the server is long. So the broker is asked for a card
//! that it retains: how far the SUBACK and the card are apart is its doing alone. Both that and the change to two
//! connections happen while nothing is pending, and what begins meanwhile waits.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{OwnedRwLockWriteGuard, RwLock, RwLockReadGuard};
use tokio::time::{timeout, timeout_at};

use super::{Inner, link, subscriptions};
use crate::mqtt::stall::{ROUND, Round, verdict};

/// How many calls are looked at.
const CALLS: u32 = 5;

/// How many of them must be slow.
const SLOW: u32 = 2;

/// How long the inbox of the new session may take.
const SETTLE: Duration = Duration::from_secs(5);

/// What is known of the broker.
#[derive(Debug, Default)]
pub(super) struct Stall {
    /// Whatever waits for messages reads; who writes knows that nobody does.
    gate: Arc<RwLock<()>>,
    looked: AtomicU32,
    slow: AtomicU32,
    /// A tool that was slow, until its card is asked for.
    suspect: Mutex<Option<String>>,
}

impl Stall {
    /// A call was sent, acknowledged, and now answered by a server that took `elapsed` for it.
    pub(super) fn answered(&self, tool: &str, sent: Instant, ack: Instant, elapsed: Duration) {
        if self.looked.load(Ordering::Relaxed) >= CALLS {
            return;
        }
        self.looked.fetch_add(1, Ordering::Relaxed);
        let came = Instant::now().checked_sub(elapsed).unwrap_or(ack).max(ack);
        if Round::new(sent, ack, came).is_held()
            && self.slow.fetch_add(1, Ordering::Relaxed) + 1 == SLOW
        {
            *self.suspect() = Some(tool.to_owned());
        }
    }

    /// Whether the broker was asked, once what was begun is over.
    #[cfg(test)]
    pub(super) async fn has_asked(&self) -> bool {
        drop(self.gate.read().await);
        self.slow.load(Ordering::Relaxed) >= SLOW && self.suspect().is_none()
    }

    fn suspect(&self) -> MutexGuard<'_, Option<String>> {
        self.suspect.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something waits for messages as long as this lives.
pub(super) struct Pass<'a> {
    client: &'a Arc<Inner>,
    permit: Option<RwLockReadGuard<'a, ()>>,
}

/// Waits while the connection becomes two; `None` at the deadline.
pub(super) async fn pass(client: &Arc<Inner>, deadline: Instant) -> Option<Pass<'_>> {
    let permit = timeout_at(deadline.into(), client.stall.gate.read()).await;
    let permit = Some(permit.ok()?);
    Some(Pass { client, permit })
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.permit = None;
        let stall = &self.client.stall;
        if stall.slow.load(Ordering::Relaxed) < SLOW {
            return;
        }
        let mut suspect = stall.suspect();
        if suspect.is_none() || !self.client.connection.can_split() {
            return;
        }
        // Else whatever ends next asks again.
        if let Ok(alone) = stall.gate.clone().try_write_owned()
            && let Ok(runtime) = Handle::try_current()
            && let Some(tool) = suspect.take()
        {
            runtime.spawn(avoid(self.client.clone(), tool, alone));
        }
    }
}

/// Goes on with two connections if that is better.
async fn avoid(client: Arc<Inner>, tool: String, alone: OwnedRwLockWriteGuard<()>) {
    match measure(&client, &tool).await {
        Some(true) => {
            if client.connection.split().await {
                link::ready(&client.shared, Instant::now() + SETTLE)
                    .await
                    .ok();
            }
        }
        Some(false) => {}
        None => tracing::debug!(
            tool,
            "whether the broker holds small packets back is not known: it shows no card"
        ),
    }
    drop(alone);
}

/// `None`: that cannot be found out.
async fn measure(client: &Inner, tool: &str) -> Option<bool> {
    let (shared, connection) = (&client.shared, &client.connection);
    let topic = shared.namespace.tool_card(tool);
    let mut changes = shared.changes();
    let mut rounds = Vec::new();
    loop {
        if let Some(verdict) = verdict(&rounds) {
            tracing::debug!(?rounds, held = verdict, "measured the broker");
            return Some(verdict);
        }
        changes.borrow_and_update();
        let sent = Instant::now();
        let subscribing = connection.subscribe(vec![subscriptions::card(&topic)]);
        let acknowledged = async {
            let granted = subscribing
                .await
                .is_ok_and(|codes| codes.iter().all(Result::is_ok));
            granted.then(Instant::now).ok_or(())
        };
        let came = async {
            changes
                .changed()
                .await
                .map_err(drop)
                .map(|()| Instant::now())
        };
        let both = async { tokio::try_join!(acknowledged, came) };
        let (acknowledged, came) = timeout(ROUND, both).await.ok()?.ok()?;
        rounds.push(Round::new(sent, acknowledged, came));
    }
}
