//! Cancels: what a caller gives up is stopped, or never starts, and nothing is sent for it any more.

use std::time::{Duration, Instant};

use super::duplicates::{Ending, Id, Key, Stopped};
use super::party::Party;
use super::refusals::Refusal;
use super::shared::Shared;
use crate::mqtt::Message;
use crate::wire::Cancel;

/// The longest time for which a cancel waits for its call.
const LONGEST: Duration = Duration::from_secs(3600);

/// Stops the call of `caller` that `message` names, wherever it is.
pub(super) fn cancel(shared: &Shared, caller: &str, message: &Message, now: Instant) {
    let refuse = |refusal| shared.refusals.count(refusal, &message.topic, now);
    if message.retain {
        return refuse(Refusal::Retained);
    }
    let Some(cancel) = Cancel::parse(&message.payload) else {
        return refuse(Refusal::NoCancel);
    };
    shared.meter.cancel();
    let party = Party::new(Some(caller), shared.is_verified());
    let correlation = message.properties.correlation_data.as_deref();
    let key = |verified| {
        let id = correlation.map_or(Id::CallId(&cancel.call_id), Id::Correlation);
        Key::new(verified, caller, &cancel.tool, id)
    };
    // A call that only claims to be of this caller may be anybody's: whoever stops it has to know more.
    let keys = [
        party.is_verified().then(|| key(true)),
        correlation.is_some().then(|| key(false)),
    ];
    let expiry = message
        .properties
        .message_expiry
        .map_or(Duration::ZERO, |seconds| {
            Duration::from_secs(u64::from(seconds))
        });
    let until = now + expiry.max(shared.limits.timeout).min(LONGEST);
    for key in keys.into_iter().flatten() {
        let stopped = shared.duplicates().cancel(&party, key, until, now);
        match stopped {
            Stopped::Runs(ticket) => {
                match shared.calls.stop(ticket) {
                    Some(call) => call.cancel(shared),
                    None => shared.duplicates().finish(key, Ending::Cancelled, now),
                }
                return;
            }
            Stopped::Ended => return,
            Stopped::Unknown => {}
        }
    }
    if party.is_verified() && correlation.is_none() {
        let call = shared.calls.take_one(|call| {
            let who = call.context.caller();
            who.is_verified()
                && who.name() == caller
                && call.context.call_id() == cancel.call_id
                && call.tool.name() == cancel.tool
        });
        if let Some(call) = call {
            call.cancel(shared);
        }
    }
}
