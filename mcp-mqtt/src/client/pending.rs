//! The calls that wait for a response: which message belongs to which.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::error::CallError;
use super::mailbox::{Delivery, Mailbox};
use crate::mqtt::ConnectionError;
use crate::random;

/// Correlation data of our calls: 128 random bits, so that nobody else can answer.
pub(super) type Correlation = [u8; 16];

/// Two ids of 128 random bits: the correlation data, and the call id in hexadecimal.
pub(super) fn random_ids() -> Result<(Correlation, String), CallError> {
    // Fetched at once: each fetch is a system call.
    let bytes: [u8; 32] = random::bytes().map_err(|error| CallError::NoRandomness {
        error: error.to_string(),
    })?;
    let mut correlation = Correlation::default();
    let (secret, id) = bytes.split_at(correlation.len());
    correlation.copy_from_slice(secret);
    Ok((correlation, random::digits(id)))
}

/// The table of pending calls.
#[derive(Debug)]
pub(super) struct Pending {
    limit: usize,
    calls: HashMap<Correlation, Arc<Mailbox>>,
    /// Calls whose partial results come on a stream topic, by tool and call id.
    streams: HashMap<(String, String), Arc<Mailbox>>,
}

impl Pending {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            calls: HashMap::new(),
            streams: HashMap::new(),
        }
    }

    /// Enters a call; `None` if the table is full.
    pub(super) fn open(&mut self, correlation: Correlation) -> Option<Arc<Mailbox>> {
        if self.calls.len() >= self.limit {
            return None;
        }
        let mailbox = Arc::new(Mailbox::default());
        self.calls.insert(correlation, mailbox.clone());
        Some(mailbox)
    }

    /// Takes partial results of a call from its stream topic as well.
    pub(super) fn open_stream(&mut self, correlation: &Correlation, tool: &str, call_id: &str) {
        if let Some(mailbox) = self.calls.get(correlation) {
            let key = (tool.to_owned(), call_id.to_owned());
            self.streams.insert(key, mailbox.clone());
        }
    }

    /// Removes a call. `true` if it had a stream topic, which is then to be unsubscribed.
    pub(super) fn close(&mut self, correlation: &Correlation, tool: &str, call_id: &str) -> bool {
        self.calls.remove(correlation);
        !self.streams.is_empty()
            && self
                .streams
                .remove(&(tool.to_owned(), call_id.to_owned()))
                .is_some()
    }

    /// A message in the inbox. `false` if no call of ours waits for it.
    pub(super) fn response(&self, correlation: Option<&[u8]>, payload: Bytes) -> bool {
        let Some(mailbox) = correlation.and_then(|c| self.calls.get(c)) else {
            return false;
        };
        mailbox.push(Delivery {
            stream: false,
            payload,
        });
        true
    }

    /// A message on a stream topic. `false` if no call of ours waits for it.
    pub(super) fn partial(&self, tool: &str, call_id: &str, payload: Bytes) -> bool {
        let key = (tool.to_owned(), call_id.to_owned());
        let Some(mailbox) = self.streams.get(&key) else {
            return false;
        };
        mailbox.push(Delivery {
            stream: true,
            payload,
        });
        true
    }

    /// The session ended: no response will come for any call.
    pub(super) fn lost(&self, lost: &ConnectionError) {
        for mailbox in self.calls.values() {
            mailbox.lost(lost.clone());
        }
    }

    /// Something changed that may be about any call.
    pub(super) fn look(&self) {
        for mailbox in self.calls.values() {
            mailbox.look();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mailbox::Arrival;
    use super::*;

    async fn next(mailbox: &Mailbox) -> Delivery {
        match mailbox.next().await {
            Arrival::Message(delivery) => delivery,
            other => panic!("{other:?}"),
        }
    }

    const ID: Correlation = [7; 16];

    #[tokio::test]
    async fn a_response_needs_the_calls_own_correlation_data() {
        let mut pending = Pending::new(1);
        let mailbox = pending.open(ID).unwrap();
        for wrong in [
            None,
            Some(&[][..]),
            Some(&[7; 15][..]),
            Some(&[8; 16][..]),
            Some(&[7; 17][..]),
        ] {
            assert!(!pending.response(wrong, Bytes::from_static(b"no")));
        }
        assert!(pending.response(Some(&ID), Bytes::from_static(b"yes")));
        assert_eq!(next(&mailbox).await.payload, "yes");
    }

    #[tokio::test]
    async fn partial_results_are_taken_from_the_stream_topic_of_a_call_that_asked() {
        let mut pending = Pending::new(1);
        let mailbox = pending.open(ID).unwrap();
        assert!(!pending.partial("count", "1", Bytes::new()));
        pending.open_stream(&ID, "count", "1");
        assert!(!pending.partial("count", "2", Bytes::new()));
        assert!(!pending.partial("other", "1", Bytes::new()));
        assert!(pending.partial("count", "1", Bytes::new()));
        assert!(next(&mailbox).await.stream);
    }

    #[test]
    fn a_closed_call_takes_nothing_and_makes_room() {
        let mut pending = Pending::new(1);
        pending.open(ID).unwrap();
        assert!(pending.open([8; 16]).is_none());
        pending.open_stream(&ID, "count", "1");
        assert!(pending.close(&ID, "count", "1"));
        assert!(!pending.response(Some(&ID), Bytes::new()));
        assert!(!pending.partial("count", "1", Bytes::new()));
        assert!(pending.open([8; 16]).is_some());
        assert!(!pending.close(&[8; 16], "count", "2"));
    }

    #[tokio::test]
    async fn a_lost_session_ends_every_call() {
        let mut pending = Pending::new(2);
        let mailboxes = [pending.open(ID).unwrap(), pending.open([8; 16]).unwrap()];
        pending.lost(&ConnectionError::Stopped);
        for mailbox in mailboxes {
            assert!(matches!(mailbox.next().await, Arrival::Lost(_)));
        }
    }
}
