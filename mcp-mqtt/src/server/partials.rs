//! Partial results of one call on their way to the caller: in order, and never after the response.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::OptionFuture;
use serde_json::Value;

use super::reply::Reply;
use super::streams::Streams;
use crate::mqtt::{Connection, PublishError};
use crate::tool::{PartialSink, StreamError};
use crate::wire::Partial;

/// The partial results of one call.
pub(super) struct Partials {
    connection: Connection,
    call_id: String,
    target: Target,
    streams: Arc<Streams>,
    state: Mutex<State>,
}

/// Where they go.
pub(super) enum Target {
    /// To the caller's inbox, because the call asked for that.
    Inbox(Reply),
    /// To the stream topic of the call, which was taken for it.
    Stream(Reply),
    /// Nowhere: the id of the call cannot stand in a topic, or another call streams under it.
    Nowhere,
}

/// For tools that are not declared as streaming.
pub(super) struct NotStreaming;

#[derive(Default)]
struct State {
    sent: u64,
    closed: bool,
}

impl Partials {
    pub(super) fn new(
        connection: Connection,
        call_id: String,
        target: Target,
        streams: Arc<Streams>,
    ) -> Self {
        Self {
            connection,
            call_id,
            target,
            streams,
            state: Mutex::default(),
        }
    }

    /// Ends them: says so, if there were any, and lets no further one through. The message is queued
    /// by this call, so that it leaves before what is queued next; the future waits for its end.
    pub(super) fn close(&self) -> impl Future<Output = ()> + use<> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed = true;
        let reply = match &self.target {
            Target::Inbox(reply) => Some(reply),
            Target::Stream(reply) => {
                self.streams.give_back(&reply.topic);
                Some(reply)
            }
            Target::Nowhere => None,
        };
        let sending = match (reply, state.sent) {
            (Some(reply), 1..) => {
                let done = Partial::done(&self.call_id, state.sent + 1);
                Some(self.connection.publish(reply.publish(encode(&done).into())))
            }
            _ => None,
        };
        async move {
            if let Some(Err(error)) = OptionFuture::from(sending).await {
                tracing::debug!(%error, "the end of partial results could not be sent");
            }
        }
    }

    /// Ends them without a word.
    pub(super) fn abandon(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed = true;
        if let Target::Stream(reply) = &self.target {
            self.streams.give_back(&reply.topic);
        }
    }

    async fn send_value(&self, data: Value) -> Result<(), StreamError> {
        let sending = {
            // Numbered and queued under one lock: the order of numbers is the order on the wire.
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.closed {
                return Err(StreamError::Closed);
            }
            let reply = match &self.target {
                Target::Inbox(reply) | Target::Stream(reply) => reply,
                Target::Nowhere => return Ok(()),
            };
            state.sent += 1;
            let partial = Partial::new(&self.call_id, state.sent, data);
            self.connection
                .publish(reply.publish(encode(&partial).into()))
        };
        match sending.await {
            Ok(_) => Ok(()),
            Err(PublishError::TooLarge { size, limit }) => {
                Err(StreamError::TooLarge { size, limit })
            }
            Err(error) => Err(StreamError::Send(Box::new(error))),
        }
    }
}

impl PartialSink for Partials {
    fn send<'a>(
        &'a self,
        data: Value,
    ) -> Pin<Box<dyn Future<Output = Result<(), StreamError>> + Send + 'a>> {
        Box::pin(self.send_value(data))
    }
}

impl PartialSink for NotStreaming {
    fn send<'a>(
        &'a self,
        _: Value,
    ) -> Pin<Box<dyn Future<Output = Result<(), StreamError>> + Send + 'a>> {
        Box::pin(std::future::ready(Err(StreamError::NotStreaming)))
    }
}

fn encode(partial: &Partial) -> Vec<u8> {
    // Strings, a number and a `Value` always have a JSON form.
    serde_json::to_vec(partial).unwrap_or_default()
}
