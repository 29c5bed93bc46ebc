//! What happens to each message, inside the connection's task: it must decide quickly and never wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::call::{self, RETRY_AFTER, STOPPING};
use super::cancel::cancel;
use super::in_flight::Arrived;
use super::incoming::{Incoming, property};
use super::presence;
use super::refusals::Refusal;
use super::shared::Shared;
use crate::mqtt::Message;
use crate::wire::Topic;

/// User property of the probe that finds out whether the broker enforces a policy.
pub(super) const PROBE_PROPERTY: &str = "mcp-mqtt-probe";

/// Starts or queues the call that `message` is, or counts why it is none.
pub(super) fn dispatch(shared: &Arc<Shared>, message: Message) {
    let received = Instant::now();
    let me = &shared.identity;
    let (tool, bound) = match me.namespace.parse(&message.topic) {
        Some(Topic::Call { tool, caller }) => (shared.registry.get(tool), caller),
        Some(Topic::Cancel { server, caller }) if server == me.name => {
            return cancel(shared, caller, &message, received);
        }
        Some(topic) if presence::saw(shared, topic, &message) => return,
        _ => (None, None),
    };
    let Some(tool) = tool else {
        return refuse(shared, Refusal::UnknownTopic, &message, received);
    };
    if message.retain {
        return refuse(shared, Refusal::Retained, &message, received);
    }
    if property(&message, PROBE_PROPERTY).is_some() {
        return;
    }
    let (tool, bound) = (tool.clone(), bound.map(str::to_owned));
    let incoming = Incoming::new(shared, tool, bound, message, received);
    if shared.is_stopping() {
        return unavailable(shared, &incoming, RETRY_AFTER, STOPPING);
    }
    if let Err(wait) = shared.pass(&incoming.party, received) {
        let message = "this caller calls more often than the server takes";
        return unavailable(shared, &incoming, wait, message);
    }
    let arrival = incoming.arrival(shared);
    match shared.calls.arrive(arrival, Arc::new(incoming)) {
        Arrived::Start(ticket, incoming) => call::start(shared, ticket, incoming),
        Arrived::Waits => {}
        Arrived::Full(incoming) => {
            let message = "the server has as many calls as it takes";
            unavailable(shared, &incoming, RETRY_AFTER, message);
        }
    }
}

fn refuse(shared: &Shared, refusal: Refusal, message: &Message, now: Instant) {
    shared.refusals.count(refusal, &message.topic, now);
}

fn unavailable(shared: &Shared, incoming: &Incoming, retry_after: Duration, message: &str) {
    let room = Arc::clone(&shared.refusing).try_acquire_owned();
    let (Some(connection), Ok(permit)) = (shared.connection(), room) else {
        let now = incoming.received;
        return refuse(shared, Refusal::Overload, &incoming.message, now);
    };
    // Without an answer the refusal was counted where that was found out.
    if let Some(answer) = incoming.refuse(shared, retry_after, message) {
        let (reply, response) = *answer;
        incoming.tool.answered(response.error_kind());
        reply.send_detached(connection, &response, permit);
    }
}
