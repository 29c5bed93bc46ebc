//! Where a response goes, and how it gets there: a result again if nobody took it, for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use super::party::Party;
use super::refusals::Refusal;
use super::shared::Shared;
use crate::mqtt::{Connection, Properties, Publish, PublishError, Published, Qos};
use crate::wire::{CONTENT_TYPE, ErrorBody, ErrorKind, Response};

/// The first pause before a response is sent again, which doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// For how long it is sent again at most: a caller may say that it waits for a year.
const LONGEST: Duration = Duration::from_secs(60);

/// Where an answer goes and by what the caller knows it.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    /// Whom it is for.
    pub(super) party: Party,
    pub(super) topic: String,
    pub(super) correlation: Option<Bytes>,
    /// When the caller has given up.
    pub(super) until: Instant,
}

impl Reply {
    /// A message to the caller's inbox.
    pub(super) fn publish(&self, payload: Bytes) -> Publish {
        let expiry = self.until.saturating_duration_since(Instant::now());
        Publish {
            topic: self.topic.clone(),
            payload,
            qos: Qos::AtLeastOnce,
            retain: false,
            properties: Properties {
                correlation_data: self.correlation.clone(),
                content_type: Some(CONTENT_TYPE.to_owned()),
                message_expiry: Some(expiry_seconds(expiry)),
                ..Properties::default()
            },
        }
    }

    /// Sends what is no result of a tool: a caller that is not there to be refused is not waited for, and
    /// one that missed it with the connection is told once more.
    pub(super) async fn send_once(
        &self,
        shared: &Shared,
        connection: &Connection,
        call_id: &str,
        payload: Bytes,
    ) {
        let Ok(_room) = shared.refusing.try_acquire() else {
            let now = Instant::now();
            return shared.refusals.count(Refusal::Overload, &self.topic, now);
        };
        let again = match connection.publish(self.publish(payload.clone())).await {
            Ok(_) => return,
            Err(PublishError::TooLarge { size, limit }) => encode(&too_large(call_id, size, limit)),
            Err(error) if error.is_loss() => {
                self.pause(shared, LAST_PAUSE).await;
                payload
            }
            Err(error) => return self.not_refused(&error),
        };
        if let Err(error) = connection.publish(self.publish(again)).await {
            self.not_refused(&error);
        }
    }

    /// Queues a response if that is possible at once, and sees to it that it arrives, without anybody waiting for it:
    /// most arrive.
    pub(super) fn hand_over(
        &self,
        shared: &Arc<Shared>,
        connection: &Connection,
        call_id: &str,
        payload: &Bytes,
    ) -> bool {
        // Weak, since it is called and dropped where nothing may end the connection.
        let owner = Arc::downgrade(shared);
        let (reply, call_id, copy) = (self.clone(), call_id.to_owned(), payload.clone());
        connection.publish_now(self.publish(payload.clone()), move |sent| {
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(async move {
                    if let Some(shared) = owner.upgrade()
                        && let Some(connection) = shared.connection()
                    {
                        reply
                            .settle(&shared, connection, &call_id, copy, sent)
                            .await;
                    }
                });
            }
        })
    }

    /// Sees to it that a response arrives of which this became.
    pub(super) async fn settle(
        &self,
        shared: &Shared,
        connection: &Connection,
        call_id: &str,
        payload: Bytes,
        sent: Result<Published, PublishError>,
    ) {
        let sent = match sent {
            Ok(Published::Delivered) => return,
            Err(PublishError::TooLarge { size, limit }) => {
                let payload = encode(&too_large(call_id, size, limit));
                let sent = connection.publish(self.publish(payload.clone())).await;
                self.insist(shared, connection, payload, sent).await
            }
            sent => self.insist(shared, connection, payload, sent).await,
        };
        if let Err(why) = sent
            && let Some(skipped) = shared.undelivered.pass(Instant::now())
        {
            let topic = &self.topic;
            tracing::warn!(?call_id, %topic, why, skipped, "a response was not delivered");
        }
    }

    /// Queues a refusal by this call, from a place that cannot wait for the broker; `permit` is the room
    /// that it takes until it has left.
    pub(super) fn send_detached(
        self,
        connection: &Connection,
        response: &Response,
        permit: OwnedSemaphorePermit,
    ) {
        // The task is there for when the queue has no room.
        let sending = connection.publish(self.publish(encode(response)));
        tokio::spawn(async move {
            if let Err(error) = sending.await {
                self.not_refused(&error);
            }
            drop(permit);
        });
    }

    fn not_refused(&self, error: &PublishError) {
        tracing::debug!(topic = %self.topic, %error, "a refusal could not be sent");
    }

    /// Waits for so long, but no longer than for a connection or until the caller has given up.
    async fn pause(&self, shared: &Shared, pause: Duration) {
        let left = self.until.saturating_duration_since(Instant::now());
        tokio::select! {
            () = tokio::time::sleep(pause.min(left)) => {}
            () = shared.connected.notified() => {}
        }
    }

    /// Sends again what found no subscriber or may have been lost with the connection, until the caller
    /// has given up or for a minute; the error says why it did not arrive.
    async fn insist(
        &self,
        shared: &Shared,
        connection: &Connection,
        payload: Bytes,
        mut sent: Result<Published, PublishError>,
    ) -> Result<(), String> {
        let shares = self.party.is_verified() || shared.is_verified();
        let room = shared.resending.take(&self.party, shares, payload.len());
        let until = self.until.min(Instant::now() + LONGEST);
        let mut pause = FIRST_PAUSE;
        loop {
            let why = match sent {
                Ok(Published::Delivered) => return Ok(()),
                Ok(Published::NoSubscriber) => "nobody subscribes to the caller's inbox".to_owned(),
                Err(error) if error.is_loss() => error.to_string(),
                Err(error) => return Err(error.to_string()),
            };
            if until <= Instant::now() || room.is_none() || shared.is_drained() {
                return Err(why);
            }
            self.pause(shared, pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
            shared.meter.response_retry();
            sent = connection.publish(self.publish(payload.clone())).await;
        }
    }
}

/// The payload of a response.
pub(super) fn encode(response: &Response) -> Bytes {
    // Strings, numbers and a `Value` always have a JSON form.
    serde_json::to_vec(response).unwrap_or_default().into()
}

fn too_large(call_id: &str, size: usize, limit: usize) -> Response {
    let message = format!("the result has {size} bytes and the broker takes {limit}; ask for less");
    Response::error(call_id, ErrorBody::new(ErrorKind::ToolError, message), 0)
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
