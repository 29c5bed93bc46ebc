//! The payloads of a call: the request, read as what a hostile peer may have sent.
//!
//! Responses and partial results live in [`response`](super::response).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The longest `call_id`, in bytes.
pub const MAX_CALL_ID: usize = 128;

/// A call, as a client writes it, without its [`Arguments`](super::Arguments).
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Call<'a> {
    /// Id of the call, chosen by the client: 1–128 bytes.
    pub call_id: &'a str,
    /// Who calls.
    pub client: &'a str,
    /// When, as RFC 3339.
    pub timestamp: String,
    /// Where the response goes, for peers whose MQTT has no properties.
    pub response_topic: &'a str,
}

impl<'a> Call<'a> {
    /// A call of now.
    #[must_use]
    pub fn new(call_id: &'a str, client: &'a str, response_topic: &'a str) -> Self {
        Self {
            call_id,
            client,
            timestamp: super::card::timestamp(),
            response_topic,
        }
    }
}

/// A call, as a server reads it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CallRequest {
    /// Id of the call: 1–128 bytes, otherwise free.
    pub call_id: String,
    /// The arguments; an absent member is an empty object, as with the reference implementation.
    pub arguments: Map<String, Value>,
    /// Who claims to call.
    pub client: Option<String>,
    /// Where the response is to go, if the payload says so.
    pub response_topic: Option<String>,
}

/// Why a payload is no call, with what could still be read of it for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallFault {
    /// JSON pointer to the member at fault; empty for the whole payload.
    pub pointer: &'static str,
    /// What is wrong, for the caller.
    pub message: String,
    /// The id, when it was readable.
    pub call_id: Option<String>,
    /// The claimed caller, when it was readable.
    pub client: Option<String>,
    /// The response topic in the payload, when it was readable.
    pub response_topic: Option<String>,
}

/// The members of a call before their types are known. Everything else in a payload is ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Members {
    call_id: Value,
    arguments: Option<Value>,
    client: Value,
    response_topic: Value,
    tool: Option<Value>,
}

impl CallRequest {
    /// Reads the payload of a call of `tool`, the tool that its topic names.
    ///
    /// # Errors
    ///
    /// A [`CallFault`] when the payload is no JSON (or nested deeper than 128 levels), no object,
    /// has no valid `call_id`, has `arguments` that are no object, or names another tool.
    pub fn parse(payload: &[u8], tool: &str) -> Result<Self, CallFault> {
        let members: Members = match payload.iter().find(|b| !b.is_ascii_whitespace()) {
            Some(b'{') => serde_json::from_slice(payload)
                .map_err(|e| CallFault::whole(format!("the payload is no call: {e}")))?,
            _ => {
                return Err(CallFault::whole(
                    "the payload of a call must be a JSON object".to_owned(),
                ));
            }
        };
        let call_id = text(members.call_id).filter(|id| (1..=MAX_CALL_ID).contains(&id.len()));
        let client = text(members.client);
        let response_topic = text(members.response_topic);
        let (pointer, message) = match (&call_id, members.arguments, members.tool) {
            (None, ..) => (
                "/call_id",
                format!("must be a string of 1 to {MAX_CALL_ID} bytes"),
            ),
            (_, _, Some(other)) if other != tool => (
                "/tool",
                format!("the topic calls `{tool}`; the payload must not name another tool"),
            ),
            (Some(id), None | Some(Value::Null), _) => {
                return Ok(Self {
                    call_id: id.clone(),
                    arguments: Map::new(),
                    client,
                    response_topic,
                });
            }
            (Some(id), Some(Value::Object(arguments)), _) => {
                return Ok(Self {
                    call_id: id.clone(),
                    arguments,
                    client,
                    response_topic,
                });
            }
            (Some(_), Some(_), _) => ("/arguments", "must be an object".to_owned()),
        };
        Err(CallFault {
            pointer,
            message,
            call_id,
            client,
            response_topic,
        })
    }
}

impl CallFault {
    /// The fault of a payload that is larger than the server takes; it is not read at all.
    #[must_use]
    pub fn too_large(size: usize, limit: usize) -> Self {
        Self::whole(format!(
            "the payload has {size} bytes; this server takes at most {limit}"
        ))
    }

    fn whole(message: String) -> Self {
        Self {
            pointer: "",
            message,
            call_id: None,
            client: None,
            response_topic: None,
        }
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(payload: &str) -> CallFault {
        CallRequest::parse(payload.as_bytes(), "greet").unwrap_err()
    }

    #[test]
    fn a_call_of_the_reference_implementation_is_read() {
        let call = CallRequest::parse(
            br#"{"call_id":"call_1","arguments":{"name":"Ann"},"client":"scout",
                 "timestamp":"2026-04-21T00:00:00Z","response_topic":"a/mcp/clients/scout/responses"}"#,
            "greet",
        )
        .unwrap();
        assert_eq!(call.call_id, "call_1");
        assert_eq!(call.arguments["name"], "Ann");
        assert_eq!(call.client.as_deref(), Some("scout"));
    }

    #[test]
    fn absent_arguments_are_none() {
        let call = CallRequest::parse(br#"{"call_id":"1"}"#, "greet").unwrap();
        assert!(call.arguments.is_empty());
    }

    #[test]
    fn what_is_no_call_says_where() {
        assert_eq!(fault("").pointer, "");
        assert_eq!(fault("nonsense").pointer, "");
        assert_eq!(fault("[]").pointer, "");
        assert_eq!(fault("{").pointer, "");
        assert_eq!(fault("{}").pointer, "/call_id");
        assert_eq!(fault(r#"{"call_id":7}"#).pointer, "/call_id");
        assert_eq!(fault(r#"{"call_id":""}"#).pointer, "/call_id");
        let long = format!(r#"{{"call_id":"{}"}}"#, "x".repeat(129));
        assert_eq!(fault(&long).pointer, "/call_id");
        assert_eq!(
            fault(r#"{"call_id":"1","arguments":[]}"#).pointer,
            "/arguments"
        );
        assert_eq!(fault(r#"{"call_id":"1","tool":"other"}"#).pointer, "/tool");
        assert_eq!(fault(r#"{"call_id":"1","call_id":"2"}"#).pointer, "");
    }

    #[test]
    fn what_is_too_deep_is_refused_without_a_crash() {
        let deep = format!(
            r#"{{"call_id":"1","arguments":{{"a":{}1{}}}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert!(fault(&deep).message.contains("recursion"));
    }

    #[test]
    fn a_fault_keeps_what_an_answer_needs() {
        let fault = fault(r#"{"call_id":"1","client":"scout","arguments":3}"#);
        assert_eq!(fault.call_id.as_deref(), Some("1"));
        assert_eq!(fault.client.as_deref(), Some("scout"));
    }
}
