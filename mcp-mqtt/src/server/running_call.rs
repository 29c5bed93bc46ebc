//! One call that is being worked on: what it takes to answer it, and to stop it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::OptionFuture;

use super::partials::Partials;
use crate::mqtt::{Connection, Properties, Publish, PublishError, Qos};
use crate::tool::Cancellation;
use crate::wire::{CONTENT_TYPE, ErrorBody, ErrorKind, Response};

/// Where an answer goes and by what the caller knows it.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) topic: String,
    pub(super) correlation: Option<Bytes>,
    /// How long the broker keeps it for a caller that is away.
    pub(super) expiry: Duration,
}

/// A call that is being worked on. Whoever takes it out of the table answers it.
pub(super) struct RunningCall {
    pub(super) call_id: String,
    pub(super) reply: Reply,
    pub(super) received: Instant,
    pub(super) partials: Option<Arc<Partials>>,
    /// Cancelling drops the tool's future where it next waits.
    pub(super) cancellation: Cancellation,
}

impl Reply {
    /// A message to the caller's inbox.
    pub(super) fn publish(&self, payload: Vec<u8>) -> Publish {
        Publish {
            topic: self.topic.clone(),
            payload: payload.into(),
            qos: Qos::AtLeastOnce,
            retain: false,
            properties: Properties {
                correlation_data: self.correlation.clone(),
                content_type: Some(CONTENT_TYPE.to_owned()),
                message_expiry: Some(expiry_seconds(self.expiry)),
                ..Properties::default()
            },
        }
    }

    /// Sends the response; what cannot be sent is logged.
    pub(super) async fn send(&self, connection: &Connection, response: &Response) {
        let sent = self.try_send(connection, response).await;
        let sent = match sent {
            Err(PublishError::TooLarge { size, limit }) => {
                let message = format!(
                    "the result has {size} bytes and the broker takes {limit}; ask for less"
                );
                let body = ErrorBody::new(ErrorKind::ToolError, message);
                let response = Response::error(&response.call_id, body, response.elapsed_ms);
                self.try_send(connection, &response).await
            }
            sent => sent,
        };
        if let Err(error) = sent {
            let call_id = &response.call_id;
            tracing::warn!(%call_id, topic = %self.topic, %error, "a response could not be sent");
        }
    }

    /// Queues the response at once, from a place that cannot wait for the broker.
    pub(super) fn send_detached(self, connection: &Connection, response: &Response) {
        // Queued by this call; the task is there for when the queue has no room.
        let sending = connection.publish(self.publish(encode(response)));
        tokio::spawn(async move {
            if let Err(error) = sending.await {
                tracing::warn!(topic = %self.topic, %error, "a refusal could not be sent");
            }
        });
    }

    async fn try_send(
        &self,
        connection: &Connection,
        response: &Response,
    ) -> Result<(), PublishError> {
        let payload = encode(response);
        connection.publish(self.publish(payload)).await.map(drop)
    }
}

impl RunningCall {
    /// Stops the tool and answers with `kind`.
    pub(super) async fn give_up(self, connection: &Connection, kind: ErrorKind, message: &str) {
        self.cancellation.cancel();
        let body = ErrorBody::new(kind, message);
        self.answer(connection, Err(body)).await;
    }

    /// Ends the partial results and sends the response.
    pub(super) async fn answer(
        self,
        connection: &Connection,
        outcome: Result<serde_json::Value, ErrorBody>,
    ) {
        let done = self.partials.as_ref().map(|partials| partials.close());
        let elapsed_ms = u64::try_from(self.received.elapsed().as_millis()).unwrap_or(u64::MAX);
        let response = match outcome {
            Ok(result) => Response::ok(self.call_id, result, elapsed_ms),
            Err(error) => Response::error(self.call_id, error, elapsed_ms),
        };
        // Both at once: the end of the partial results is queued first and costs no round trip.
        let (_, ()) = tokio::join!(
            OptionFuture::from(done),
            self.reply.send(connection, &response)
        );
    }
}

fn encode(response: &Response) -> Vec<u8> {
    // Strings, numbers and a `Value` always have a JSON form.
    serde_json::to_vec(response).unwrap_or_default()
}

/// A message expiry in whole seconds, rounded up; never 0, which some brokers take for "never".
fn expiry_seconds(expiry: Duration) -> u32 {
    let started = u64::from(expiry.subsec_nanos() > 0);
    let seconds = expiry.as_secs().saturating_add(started);
    u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_rounded_up_and_never_zero() {
        assert_eq!(expiry_seconds(Duration::ZERO), 1);
        assert_eq!(expiry_seconds(Duration::from_millis(200)), 1);
        assert_eq!(expiry_seconds(Duration::from_secs(2)), 2);
        assert_eq!(expiry_seconds(Duration::from_millis(2001)), 3);
        assert_eq!(expiry_seconds(Duration::MAX), u32::MAX);
    }
}
