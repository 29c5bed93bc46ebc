//! What the ends of a call are called, for whoever made it.

use std::time::Duration;

use super::error::{CallError, Outcome};
use crate::mqtt::ReasonCode;
use crate::wire::{Delivery, ToolCard};

/// Whether running the tool twice does no harm, by its card.
pub(super) fn is_repeatable(card: &ToolCard) -> bool {
    card.extra.as_ref().is_some_and(|extra| {
        let hinted = extra.read_only == Some(true) || extra.idempotent == Some(true);
        // Older servers give the hints alone.
        extra
            .delivery
            .map_or(hinted, |delivery| delivery == Delivery::AtLeastOnce)
    })
}

/// The broker lets the client in and keeps its inbox from it.
pub(super) fn no_inbox(tool: &str, inbox: &str, reason: ReasonCode) -> CallError {
    CallError::NotTaken {
        tool: tool.to_owned(),
        reason: format!("it refuses the inbox ({reason}); grant subscribe on `{inbox}`"),
    }
}

/// The process of `server` died that said that it had the call, or that may have had it.
pub(super) fn died(server: &str, holder: Option<&str>) -> String {
    match holder {
        Some(instance) => {
            format!("the process `{instance}` of `{server}`, which had the call, died")
        }
        None => format!("a process of `{server}` died, and no other says that it has the call"),
    }
}

/// The deadline passed.
pub(super) fn timed_out(tool: &str, timeout: Duration, outcome: Outcome) -> CallError {
    CallError::Timeout {
        tool: tool.to_owned(),
        message: format!("no response within {}", humantime::format_duration(timeout)),
        outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::super::cards::tests::tool_json;
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_card_says_whether_running_twice_does_no_harm() {
        let repeatable = |extra: Value| {
            let card = tool_json("greet", "hello", "online", extra);
            is_repeatable(&serde_json::from_value(card).unwrap())
        };
        for yes in [
            json!({"delivery": "at_least_once"}),
            json!({"read_only": true}),
            json!({"idempotent": true}),
        ] {
            assert!(repeatable(yes.clone()), "{yes}");
        }
        for no in [
            Value::Null,
            json!({}),
            json!({"read_only": false}),
            json!({"destructive": false}),
            json!({"read_only": true, "delivery": "at_most_once_per_delivery"}),
        ] {
            assert!(!repeatable(no.clone()), "{no}");
        }
    }
}
