//! The trace that a call is part of, as W3C Trace Context writes it.

use crate::wire::{TRACEPARENT_PROPERTY, TRACESTATE_PROPERTY};

/// The longest `tracestate` that everybody has to pass on (W3C Trace Context §3.3.1.5).
const MAX_STATE: usize = 512;

/// The length of a `traceparent` of version 00 (§3.2.2), and what later versions may add.
const PARENT: std::ops::RangeInclusive<usize> = 55..=128;

/// The user properties of a call that say which trace it is part of; none, or one, or two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Trace(pub(super) Vec<(String, String)>);

impl Trace {
    /// What cannot be passed on is left out: a faulty trace must not break what it traces.
    pub(super) fn new(parent: &str, state: Option<&str>) -> Self {
        if !is_parent(parent) {
            tracing::debug!("ignored a traceparent that is none");
            return Self::default();
        }
        let mut properties = vec![(TRACEPARENT_PROPERTY.to_owned(), parent.to_owned())];
        match state {
            Some(state) if is_state(state) => {
                properties.push((TRACESTATE_PROPERTY.to_owned(), state.to_owned()));
            }
            Some(_) => tracing::debug!("ignored a tracestate that is none"),
            None => {}
        }
        Self(properties)
    }
}

fn is_parent(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b) || b == b'-';
    PARENT.contains(&text.len()) && text.bytes().all(fits)
}

fn is_state(text: &str) -> bool {
    (1..=MAX_STATE).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn both_go_along() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let trace = Trace::new(PARENT, Some("congo=t61rcWkgMzE"));
        let state = pair("tracestate", "congo=t61rcWkgMzE");
        assert_eq!(trace.0, [pair("traceparent", PARENT), state]);
    }

    #[test]
    fn what_is_none_stays_behind_and_a_state_without_its_parent_too() {
        for bad in ["", "00", &PARENT.to_uppercase(), &format!("{PARENT}\n")] {
            assert_eq!(Trace::new(bad, Some("a=1")), Trace::default(), "{bad}");
        }
        for bad in ["", "a=\u{e4}", "a=1\r\n", &"x".repeat(513)] {
            assert_eq!(Trace::new(PARENT, Some(bad)).0.len(), 1, "{bad}");
        }
    }
}
