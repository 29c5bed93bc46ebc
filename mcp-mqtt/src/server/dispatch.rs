//! What happens to each message, inside the connection's task: it must decide quickly and never wait.

use std::sync::Arc;
use std::time::Instant;

use super::call::Incoming;
use super::presence;
use super::refusals::Refusal;
use super::shared::Shared;
use crate::mqtt::Message;
use crate::wire::{ErrorKind, Topic};

/// User property of the probe that finds out whether the broker enforces a policy.
pub(super) const PROBE_PROPERTY: &str = "mcp-mqtt-probe";

/// A refused call is read at once, where it arrives, to find out whom to answer; a payload over this
/// size is not worth that.
const MAX_REFUSED_PAYLOAD: usize = 64 * 1024;

/// Starts the call that `message` is, or counts why it is none.
pub(super) fn dispatch(shared: &Arc<Shared>, message: Message) {
    let received = Instant::now();
    let (tool, bound) = match shared.identity.namespace.parse(&message.topic) {
        Some(Topic::Call { tool, caller }) => (shared.registry.get(tool), caller),
        Some(topic) if presence::saw(shared, topic, &message) => return,
        _ => (None, None),
    };
    let Some(tool) = tool else {
        return refuse(shared, Refusal::UnknownTopic, &message, received);
    };
    if message.retain {
        return refuse(shared, Refusal::Retained, &message, received);
    }
    if message
        .properties
        .user
        .iter()
        .any(|(key, _)| key == PROBE_PROPERTY)
    {
        return;
    }
    let incoming = Incoming {
        tool: tool.clone(),
        bound: bound.map(str::to_owned),
        message,
        received,
    };
    let limit = shared.limits.max_in_flight;
    match shared.calls.admit(limit) {
        Some(_) if shared.is_stopping() => {
            shared.calls.end();
            unavailable(shared, &incoming, "the server is stopping");
        }
        Some(ticket) => {
            let shared = Arc::clone(shared);
            tokio::spawn(async move {
                let _ended = Ended(&shared);
                incoming.run(Arc::clone(&shared), ticket).await;
            });
        }
        None => unavailable(
            shared,
            &incoming,
            "the server has as many calls as it takes",
        ),
    }
}

/// Counts the end of a call, even if its task is dropped.
struct Ended<'a>(&'a Shared);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.calls.end();
    }
}

fn refuse(shared: &Shared, refusal: Refusal, message: &Message, now: Instant) {
    shared.refusals.count(refusal, &message.topic, now);
}

fn unavailable(shared: &Shared, incoming: &Incoming, message: &str) {
    let small = incoming.message.payload.len() <= MAX_REFUSED_PAYLOAD;
    let room = Arc::clone(&shared.refusing).try_acquire_owned();
    let (Some(connection), Ok(permit), true) = (shared.connection(), room, small) else {
        let now = incoming.received;
        return refuse(shared, Refusal::Overload, &incoming.message, now);
    };
    // Without an answer the refusal was counted where that was found out.
    if let Some(answer) = incoming.refuse(shared, ErrorKind::Unavailable, message) {
        let (reply, response) = *answer;
        reply.send_detached(connection, &response, permit);
    }
}
