//! What is published for a call: the call itself, the same each time, and its cancel.

use std::time::Duration;

use bytes::Bytes;

use super::pending::Correlation;
use super::route::Form;
use super::shared::Shared;
use crate::mqtt::{Properties, Publish, Qos};
use crate::wire::{self, TraceContext};

/// A call as it is sent. Every attempt has the same ids and the very same payload, so that a server that has it already
/// knows it again.
pub(super) struct Outgoing {
    pub(super) tool: String,
    pub(super) correlation: Correlation,
    pub(super) call_id: String,
    pub(super) payload: Bytes,
    pub(super) trace: Option<TraceContext>,
}

impl Outgoing {
    /// The publish of an attempt that has `left` to be answered; with `inbox` it asks for accept notices and partial
    /// results in the inbox.
    pub(super) fn call(&self, shared: &Shared, form: Form, inbox: bool, left: Duration) -> Publish {
        let left = left.as_millis().max(1);
        let mut user = vec![(wire::TIMEOUT_PROPERTY.to_owned(), left.to_string())];
        if inbox {
            user.push((wire::INBOX_PROPERTY.to_owned(), "1".to_owned()));
        }
        if let Some(trace) = &self.trace {
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            user.push(pair(wire::TRACEPARENT_PROPERTY, trace.parent()));
            user.extend(
                trace
                    .state()
                    .map(|state| pair(wire::TRACESTATE_PROPERTY, state)),
            );
        }
        Publish {
            topic: self.topic(shared, form),
            payload: self.payload.clone(),
            qos: Qos::AtLeastOnce,
            retain: false,
            properties: Properties {
                response_topic: Some(shared.inbox.clone()),
                correlation_data: Some(Bytes::copy_from_slice(&self.correlation)),
                content_type: Some(wire::CONTENT_TYPE.to_owned()),
                message_expiry: Some(seconds(left)),
                utf8_payload: true,
                user,
            },
        }
    }

    /// The cancel, which says for at least as long as the call may still be on its way that nobody waits for it. `None`
    /// if it cannot be written.
    pub(super) fn cancel(&self, shared: &Shared, server: &str, left: Duration) -> Option<Publish> {
        let cancel = wire::Cancel::new(&self.call_id, &self.tool);
        Some(Publish {
            topic: shared.namespace.cancel(server, &shared.caller),
            payload: serde_json::to_vec(&cancel).ok()?.into(),
            // A full window must not hold it back.
            qos: Qos::AtMostOnce,
            retain: false,
            properties: Properties {
                correlation_data: Some(Bytes::copy_from_slice(&self.correlation)),
                content_type: Some(wire::CONTENT_TYPE.to_owned()),
                // Calls are delivered up to a second late.
                message_expiry: Some(seconds(left.as_millis()).saturating_add(1)),
                utf8_payload: true,
                ..Properties::default()
            },
        })
    }

    pub(super) fn topic(&self, shared: &Shared, form: Form) -> String {
        match form {
            Form::Bound => shared.namespace.bound_call(&self.tool, &shared.caller),
            Form::Plain => shared.namespace.call(&self.tool),
        }
    }
}

/// Never 0, which some brokers take for "never expires".
fn seconds(milliseconds: u128) -> u32 {
    u32::try_from(milliseconds.div_ceil(1000).max(1)).unwrap_or(u32::MAX)
}
