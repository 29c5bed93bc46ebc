//! What arrived for one call and was not yet read: bounded. The oldest goes first, and of two kinds that which anybody
//! may have sent.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::mqtt::ConnectionError;

/// Unread messages of one call; one beyond pushes out another.
pub(super) const MAX_UNREAD: usize = 256;

/// Unread bytes of one call. A single message may be larger: the packet size bounds it.
const MAX_UNREAD_BYTES: usize = 16 * 1024 * 1024;

/// A message for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delivery {
    /// Whether it came on the stream topic, where anything but partial results is ignored.
    pub(super) stream: bool,
    pub(super) payload: Bytes,
}

/// What a call finds in its mailbox.
#[derive(Debug)]
pub(super) enum Arrival {
    Message(Delivery),
    /// Something else that may be about the call changed: a server's process died, or the connection is back.
    Look,
    /// The session ended; no response will come to what was sent in it.
    Lost(ConnectionError),
}

#[derive(Debug, Default)]
struct Inner {
    unread: VecDeque<Delivery>,
    bytes: usize,
    missed: u64,
    look: bool,
    lost: Option<ConnectionError>,
}

/// Filled by the connection, read by the call.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    inner: Mutex<Inner>,
    arrived: Notify,
}

impl Mailbox {
    /// Never blocks. Beyond the bounds the oldest message of the stream topic goes, where others than the server may
    /// publish; only without any, the oldest of the server's own. So no forger pushes out the response, which is the
    /// last of those.
    pub(super) fn push(&self, delivery: Delivery) {
        let mut inner = self.lock();
        inner.bytes += delivery.payload.len();
        inner.unread.push_back(delivery);
        while inner.unread.len() > MAX_UNREAD
            || (inner.bytes > MAX_UNREAD_BYTES && inner.unread.len() > 1)
        {
            let stream = inner.unread.iter().position(|delivery| delivery.stream);
            if let Some(oldest) = inner.unread.remove(stream.unwrap_or(0)) {
                inner.bytes -= oldest.payload.len();
                inner.missed += 1;
            }
        }
        drop(inner);
        self.arrived.notify_one();
    }

    /// The session ended.
    pub(super) fn lost(&self, lost: ConnectionError) {
        self.lock().lost.get_or_insert(lost);
        self.arrived.notify_one();
    }

    /// Something else changed.
    pub(super) fn look(&self) {
        self.lock().look = true;
        self.arrived.notify_one();
    }

    /// Something is about to be sent: what was lost before is not about it.
    pub(super) fn begin(&self) {
        self.lock().lost = None;
    }

    /// What is next: messages first, each of the others once behind them. Cancel-safe.
    pub(super) async fn next(&self) -> Arrival {
        loop {
            {
                let mut inner = self.lock();
                if let Some(delivery) = inner.unread.pop_front() {
                    inner.bytes -= delivery.payload.len();
                    return Arrival::Message(delivery);
                }
                if let Some(lost) = inner.lost.take() {
                    return Arrival::Lost(lost);
                }
                if std::mem::take(&mut inner.look) {
                    return Arrival::Look;
                }
            }
            self.arrived.notified().await;
        }
    }

    /// How many messages were pushed out unread.
    pub(super) fn missed(&self) -> u64 {
        self.lock().missed
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    async fn next(mailbox: &Mailbox) -> Delivery {
        match mailbox.next().await {
            Arrival::Message(delivery) => delivery,
            other => panic!("{other:?}"),
        }
    }

    fn message(payload: impl Into<Bytes>) -> Delivery {
        Delivery {
            stream: false,
            payload: payload.into(),
        }
    }

    #[tokio::test]
    async fn messages_come_in_order_and_what_else_happened_behind_them() {
        let mailbox = Mailbox::default();
        mailbox.push(message("1"));
        mailbox.look();
        mailbox.lost(ConnectionError::Stopped);
        mailbox.push(message("2"));
        assert_eq!(next(&mailbox).await, message("1"));
        assert_eq!(next(&mailbox).await, message("2"));
        assert!(matches!(mailbox.next().await, Arrival::Lost(_)));
        assert!(matches!(mailbox.next().await, Arrival::Look));
    }

    #[tokio::test]
    async fn a_loss_before_something_is_sent_is_not_about_it() {
        let mailbox = Mailbox::default();
        mailbox.lost(ConnectionError::Stopped);
        mailbox.begin();
        mailbox.push(message("1"));
        assert_eq!(next(&mailbox).await, message("1"));
    }

    #[tokio::test]
    async fn a_full_mailbox_drops_the_oldest_and_counts_it() {
        let mailbox = Mailbox::default();
        for i in 0..MAX_UNREAD + 2 {
            mailbox.push(message(i.to_string()));
        }
        assert_eq!(mailbox.missed(), 2);
        assert_eq!(next(&mailbox).await, message("2"));
    }

    #[tokio::test]
    async fn messages_of_the_stream_topic_do_not_push_out_the_response() {
        let mailbox = Mailbox::default();
        mailbox.push(message("response"));
        for size in [0, MAX_UNREAD_BYTES] {
            for _ in 0..MAX_UNREAD + 2 {
                mailbox.push(Delivery {
                    stream: true,
                    payload: vec![0; size].into(),
                });
            }
        }
        assert_eq!(next(&mailbox).await, message("response"));
    }

    #[tokio::test]
    async fn large_messages_are_bounded_by_bytes_and_the_newest_stays() {
        let mailbox = Mailbox::default();
        let half = Bytes::from(vec![0; MAX_UNREAD_BYTES / 2 + 1]);
        mailbox.push(message(half.clone()));
        mailbox.push(message(half));
        mailbox.push(message(vec![1; MAX_UNREAD_BYTES + 1]));
        assert_eq!(mailbox.missed(), 2);
        assert_eq!(next(&mailbox).await.payload.len(), MAX_UNREAD_BYTES + 1);
    }

    #[tokio::test]
    async fn a_waiting_reader_is_woken() {
        let mailbox = Arc::new(Mailbox::default());
        let reader = tokio::spawn({
            let mailbox = mailbox.clone();
            async move { next(&mailbox).await }
        });
        tokio::task::yield_now().await;
        mailbox.push(message("1"));
        assert_eq!(reader.await.unwrap(), message("1"));
    }
}
