//! One call that is being worked on: what it takes to answer it, and to stop it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::OptionFuture;
use tokio::task::JoinHandle;

use super::duplicates::{Ending, Key};
use super::partials::Partials;
use super::reply::{self, Reply};
use super::shared::Shared;
use crate::mqtt::Connection;
use crate::tool::{Tool, ToolContext};
use crate::wire::{ErrorBody, ErrorKind, Output, Response};

/// A call that is being worked on. Whoever takes it out of the table answers it.
pub(super) struct RunningCall {
    pub(super) tool: Tool,
    pub(super) context: ToolContext,
    pub(super) reply: Reply,
    pub(super) received: Instant,
    pub(super) partials: Option<Arc<Partials>>,
    /// By what repeats and cancels of it are known.
    pub(super) key: Key,
}

impl RunningCall {
    /// Stops the tool and answers with `kind`, in a task of its own.
    pub(super) fn give_up(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        connection: &Connection,
        kind: ErrorKind,
        message: &str,
    ) -> JoinHandle<()> {
        self.context.cancel();
        let sending = self.answer(shared, connection, Err(ErrorBody::new(kind, message)));
        tokio::spawn(sending)
    }

    /// Stops the tool, and nobody answers.
    pub(super) fn cancel(&self, shared: &Shared) {
        self.context.cancel();
        self.tool.cancelled();
        if let Some(partials) = &self.partials {
            partials.abandon();
        }
        let now = Instant::now();
        shared.duplicates().finish(self.key, Ending::Cancelled, now);
    }

    /// Ends the partial results and queues the response by this call; the future waits until that is done.
    pub(super) fn answer(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        connection: &Connection,
        outcome: Result<Output, ErrorBody>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let now = Instant::now();
        let call_id = self.context.call_id();
        let elapsed = now.saturating_duration_since(self.received);
        let elapsed_ms = millis(elapsed);
        self.tool
            .answered(outcome.as_ref().err().map(|error| error.kind));
        self.tool.took(elapsed);
        let payload: Bytes = match outcome {
            Ok(output) => output.response(call_id, elapsed_ms).into(),
            Err(error) => reply::encode(&Response::error(call_id, error, elapsed_ms)),
        };
        let ending = Ending::Response(payload.clone());
        shared.duplicates().finish(self.key, ending, now);
        // Queued first, it costs no round trip.
        let done = self.partials.as_ref().map(|partials| partials.close());
        let handed = self.reply.hand_over(shared, connection, call_id, &payload);
        let sending = (!handed).then(|| {
            let (call, shared) = (Arc::clone(self), Arc::clone(shared));
            let (first, connection) = (
                connection.publish(self.reply.publish(payload.clone())),
                connection.clone(),
            );
            async move {
                let sent = first.await;
                // It left the queue: whoever waits for that need not wait for the caller.
                tokio::spawn(async move {
                    let call_id = call.context.call_id();
                    call.reply
                        .settle(&shared, &connection, call_id, payload, sent)
                        .await;
                });
            }
        });
        async move {
            tokio::join!(OptionFuture::from(done), OptionFuture::from(sending));
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
