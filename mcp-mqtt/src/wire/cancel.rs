//! Cancels: a caller that gives up tells the server, so that the tool stops.

use serde::{Deserialize, Serialize};

use super::MAX_CALL_ID;

/// The largest cancel that is read, in bytes.
pub const MAX_CANCEL: usize = 1024;

/// A cancel, published at QoS 0 on `{ns}/mcp/servers/{server}/cancel/{caller}` with the correlation data
/// of the call. No response follows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cancel {
    /// Id of the call.
    pub call_id: String,
    /// The tool that was called.
    pub tool: String,
}

impl Cancel {
    /// The cancel of a call of `tool`.
    #[must_use]
    pub fn new(call_id: impl Into<String>, tool: impl Into<String>) -> Self {
        Self {
            call_id: call_id.into(),
            tool: tool.into(),
        }
    }

    /// Reads a payload that anybody may have sent; `None` if it is no cancel.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        if payload.len() > MAX_CANCEL {
            return None;
        }
        let cancel: Self = serde_json::from_slice(payload).ok()?;
        let well_named = crate::grammar::tool(&cancel.tool).is_ok();
        (well_named && (1..=MAX_CALL_ID).contains(&cancel.call_id.len())).then_some(cancel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let cancel = Cancel::new("c1", "greet");
        let payload = serde_json::to_vec(&cancel).unwrap();
        assert_eq!(Cancel::parse(&payload), Some(cancel));
        let long = format!(r#"{{"call_id":"{}","tool":"greet"}}"#, "x".repeat(129));
        let huge = format!(
            r#"{{"call_id":"1","tool":"greet","more":"{}"}}"#,
            "x".repeat(MAX_CANCEL)
        );
        for payload in [
            "",
            "null",
            "[]",
            r#"{"call_id":"","tool":"greet"}"#,
            r#"{"call_id":7,"tool":"greet"}"#,
            r#"{"call_id":"1","tool":"a/b"}"#,
            r#"{"call_id":"1"}"#,
            &long,
            &huge,
        ] {
            assert_eq!(Cancel::parse(payload.as_bytes()), None, "{payload}");
        }
    }
}
