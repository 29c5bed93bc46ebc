//! The subscriptions of each session: the inbox first, then the cards of the called tools.

use std::sync::Arc;

use super::shared::Shared;
use crate::mqtt::{Connection, Qos, ReasonCode, RequestError, RetainHandling, Subscription};

/// Filters in one SUBSCRIBE.
const BATCH: usize = 100;

/// Requests what is wanted now. Everything is queued before this returns; a task each waits for the
/// answers, so that it may be called from the connection's own task.
pub(super) fn request(shared: &Arc<Shared>, connection: &Connection) {
    let Some(work) = shared.take_work() else {
        return;
    };
    let epoch = work.epoch;
    if work.inbox {
        let (shared, answer) = (shared.clone(), connection.subscribe(vec![inbox(shared)]));
        tokio::spawn(async move {
            let answer = match answer.await {
                Ok(codes) => codes
                    .into_iter()
                    .next()
                    .unwrap_or(Err(ReasonCode::UNSPECIFIED_ERROR)),
                Err(RequestError::Refused(reason)) => Err(reason),
                Err(error) if error.is_loss() => return,
                Err(_) => Err(ReasonCode::UNSPECIFIED_ERROR),
            };
            if let Err(reason) = answer {
                tracing::error!(topic = shared.inbox, %reason, "the broker refuses the inbox: no call can be answered");
            }
            shared.inbox_answered(epoch, answer.map(|_| ()));
        });
    }
    for batch in work.subscribe.chunks(BATCH) {
        let answer = connection.subscribe(batch.iter().map(|t| card(t)).collect());
        let (shared, topics) = (shared.clone(), batch.to_vec());
        tokio::spawn(async move {
            let granted = match answer.await {
                Ok(codes) => codes.iter().map(Result::is_ok).collect(),
                Err(error) if error.is_loss() => return,
                Err(_) => vec![false; topics.len()],
            };
            shared.cards_answered(epoch, topics.into_iter().zip(granted));
        });
    }
    if !work.unsubscribe.is_empty() {
        // Queued at once; a card that still arrives is ignored.
        drop(connection.unsubscribe(work.unsubscribe));
    }
}

/// The subscription to the own inbox.
pub(super) fn inbox(shared: &Shared) -> Subscription {
    Subscription {
        filter: shared.inbox.clone(),
        qos: Qos::AtLeastOnce,
        no_local: false,
        retain: RetainHandling::Never,
    }
}

/// The subscription to cards. QoS 0, so that a full window of unacknowledged responses cannot hold
/// a card back.
pub(super) fn card(filter: &str) -> Subscription {
    Subscription {
        filter: filter.to_owned(),
        qos: Qos::AtMostOnce,
        no_local: false,
        retain: RetainHandling::Always,
    }
}
