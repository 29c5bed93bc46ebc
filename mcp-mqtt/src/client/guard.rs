//! The place of a call in the tables, given back when the call ends, however it ends.

use std::sync::Arc;

use super::error::CallError;
use super::mailbox::Mailbox;
use super::pending::Correlation;
use super::{Inner, subscriptions};

/// Watches the card of a tool as long as it lives, and longer while there is room.
pub(super) struct Watched {
    client: Arc<Inner>,
    tool: String,
}

impl Watched {
    pub(super) fn new(client: &Arc<Inner>, tool: &str) -> Self {
        if client.shared.lock().directory.acquire(tool) {
            subscriptions::request(&client.shared, &client.connection);
        }
        Self {
            client: client.clone(),
            tool: tool.to_owned(),
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.client.shared.lock().directory.release(&self.tool);
    }
}

/// A call in the table of pending calls.
pub(super) struct Guard {
    watched: Watched,
    correlation: Correlation,
    call_id: String,
    mailbox: Arc<Mailbox>,
}

impl Guard {
    pub(super) fn enter(
        client: &Arc<Inner>,
        tool: &str,
        correlation: Correlation,
        call_id: &str,
    ) -> Result<Self, CallError> {
        let mut state = client.shared.lock();
        let mailbox = state
            .pending
            .open(correlation)
            .ok_or(CallError::TooManyPending {
                limit: client.max_pending,
            })?;
        drop(state);
        Ok(Self {
            watched: Watched::new(client, tool),
            correlation,
            call_id: call_id.to_owned(),
            mailbox,
        })
    }

    pub(super) fn mailbox(&self) -> Arc<Mailbox> {
        self.mailbox.clone()
    }

    /// Takes partial results from the stream topic, which is still to be subscribed, and
    /// unsubscribes it at the end.
    pub(super) fn stream_topic(&self) -> String {
        let Watched { client, tool } = &self.watched;
        client
            .shared
            .lock()
            .pending
            .open_stream(&self.correlation, tool, &self.call_id);
        client.shared.namespace.stream(tool, &self.call_id)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Watched { client, tool } = &self.watched;
        let streamed = client
            .shared
            .lock()
            .pending
            .close(&self.correlation, tool, &self.call_id);
        if streamed {
            let topic = client.shared.namespace.stream(tool, &self.call_id);
            // Queued at once; whether it worked does not matter any more.
            drop(client.connection.unsubscribe(vec![topic]));
        }
    }
}
