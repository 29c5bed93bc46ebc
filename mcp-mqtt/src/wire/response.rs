//! What comes back from a call: the response, and partial results before it.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::fault::ArgumentFault;

/// The response to a call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Members")]
#[non_exhaustive]
pub struct Response {
    /// Id of the call, as the request had it; empty when the request had none that was valid.
    pub call_id: String,
    /// The result, or what went wrong.
    pub outcome: Result<Value, ErrorBody>,
    /// How long the server worked on it, in milliseconds.
    pub elapsed_ms: u64,
}

/// A response as it stands on the wire: `status` says which of `result` and `error` counts.
#[derive(Deserialize)]
struct Members {
    call_id: String,
    status: String,
    #[serde(default)]
    result: Value,
    error: Option<ErrorBody>,
    #[serde(default)]
    elapsed_ms: u64,
}

impl TryFrom<Members> for Response {
    type Error = String;

    fn try_from(members: Members) -> Result<Self, String> {
        let outcome = match (members.status.as_str(), members.error) {
            ("ok", _) => Ok(members.result),
            ("error", Some(error)) => Err(error),
            ("error", None) => return Err("a response with status `error` needs `error`".into()),
            _ => return Err("the status of a response is `ok` or `error`".into()),
        };
        Ok(Self {
            call_id: members.call_id,
            outcome,
            elapsed_ms: members.elapsed_ms,
        })
    }
}

impl Serialize for Response {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Response", 4)?;
        out.serialize_field("call_id", &self.call_id)?;
        match &self.outcome {
            Ok(result) => {
                out.serialize_field("status", "ok")?;
                out.serialize_field("result", result)?;
            }
            Err(error) => {
                out.serialize_field("status", "error")?;
                out.serialize_field("error", error)?;
            }
        }
        out.serialize_field("elapsed_ms", &self.elapsed_ms)?;
        out.end()
    }
}

/// The notice that a call is held, queued or running; sent before the response to callers that asked for
/// inbox delivery, and to no others. An addition to the draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Accepted {
    /// The call that is held.
    pub call_id: String,
    /// `accepted`.
    pub status: AcceptedStatus,
    /// The instance of the server that holds it.
    pub instance: String,
}

/// The one status of an [`Accepted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AcceptedStatus {
    /// It is held.
    Accepted,
}

impl Accepted {
    /// The notice of `instance` for a call.
    #[must_use]
    pub fn new(call_id: impl Into<String>, instance: impl Into<String>) -> Self {
        Self {
            call_id: call_id.into(),
            status: AcceptedStatus::Accepted,
            instance: instance.into(),
        }
    }
}

/// Why a call failed, as it stands in a response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorBody {
    /// The class of the failure.
    #[serde(rename = "type")]
    pub kind: ErrorKind,
    /// For people and models: what went wrong and what to do.
    #[serde(default)]
    pub message: String,
    /// A code that the tool chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// With `invalid_arguments`: each fault with its JSON pointer. An addition to the draft.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<ArgumentFault>,
    /// With `unavailable`: when to try again, in milliseconds. An addition to the draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// The classes of failures that the draft knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The arguments do not fit the schema; the tool did not run.
    InvalidArguments,
    /// The caller may not call this tool; the tool did not run.
    Unauthorized,
    /// The tool ran and failed.
    ToolError,
    /// The tool ran longer than it may.
    Timeout,
    /// Nobody could take the call; the tool did not run.
    Unavailable,
    /// A class that this version does not know.
    #[serde(other)]
    Unknown,
}

impl ErrorKind {
    /// The class as it stands on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArguments => "invalid_arguments",
            Self::Unauthorized => "unauthorized",
            Self::ToolError => "tool_error",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
        }
    }
}

/// A partial result, or the end of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Partial {
    /// The call that it belongs to.
    pub call_id: String,
    /// Increasing within one call; ours count from 1.
    pub seq: u64,
    /// Whether more follows.
    #[serde(rename = "type")]
    pub kind: PartialKind,
    /// The partial result, if it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The partial result, if it is anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// Whether a message is a partial result or ends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PartialKind {
    /// A partial result.
    Partial,
    /// No partial result follows; the response does.
    Done,
}

impl Response {
    /// The response of a tool that returned.
    #[must_use]
    pub fn ok(call_id: impl Into<String>, result: Value, elapsed_ms: u64) -> Self {
        Self {
            call_id: call_id.into(),
            outcome: Ok(result),
            elapsed_ms,
        }
    }

    /// The response of a call that failed.
    #[must_use]
    pub fn error(call_id: impl Into<String>, error: ErrorBody, elapsed_ms: u64) -> Self {
        Self {
            call_id: call_id.into(),
            outcome: Err(error),
            elapsed_ms,
        }
    }

    /// The class of the failure, if it is one.
    #[must_use]
    pub fn error_kind(&self) -> Option<ErrorKind> {
        self.outcome.as_ref().err().map(|error| error.kind)
    }
}

impl ErrorBody {
    /// A failure with its class and text.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            code: None,
            faults: Vec::new(),
            retry_after_ms: None,
        }
    }
}

impl ErrorBody {
    /// The failure of arguments with these faults.
    #[must_use]
    pub fn invalid_arguments(faults: Vec<ArgumentFault>) -> Self {
        let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Self {
            faults,
            ..Self::new(ErrorKind::InvalidArguments, texts.join("; "))
        }
    }
}

impl Partial {
    /// A partial result: text as `content`, anything else as `data`.
    #[must_use]
    pub fn new(call_id: impl Into<String>, seq: u64, data: Value) -> Self {
        let (content, data) = match data {
            Value::String(text) => (Some(text), None),
            other => (None, Some(other)),
        };
        Self {
            call_id: call_id.into(),
            seq,
            kind: PartialKind::Partial,
            content,
            data,
        }
    }

    /// The end of the partial results.
    #[must_use]
    pub fn done(call_id: impl Into<String>, seq: u64) -> Self {
        Self {
            call_id: call_id.into(),
            seq,
            kind: PartialKind::Done,
            content: None,
            data: None,
        }
    }

    /// The partial result, whichever member it came in.
    #[must_use]
    pub fn into_value(self) -> Value {
        match (self.content, self.data) {
            (Some(text), _) => Value::String(text),
            (None, Some(data)) => data,
            (None, None) => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_result_looks_as_the_draft_says() {
        let response = Response::ok("1", json!({"a": 1}), 3);
        assert_eq!(
            serde_json::to_value(&response).unwrap(),
            json!({"call_id": "1", "status": "ok", "result": {"a": 1}, "elapsed_ms": 3})
        );
    }

    #[test]
    fn an_error_looks_as_the_draft_says() {
        let body = ErrorBody::new(ErrorKind::ToolError, "boom");
        let response = Response::error("1", body, 0);
        let written = json!({"call_id": "1", "status": "error", "elapsed_ms": 0,
            "error": {"type": "tool_error", "message": "boom"}});
        assert_eq!(serde_json::to_value(&response).unwrap(), written);
        assert_eq!(
            serde_json::from_value::<Response>(written).unwrap(),
            response
        );
    }

    #[test]
    fn the_reference_implementation_leaves_out_an_undefined_result() {
        let read: Response =
            serde_json::from_value(json!({"call_id": "1", "status": "ok"})).unwrap();
        assert_eq!(read.outcome, Ok(Value::Null));
    }

    #[test]
    fn what_is_no_response_is_refused() {
        for bad in [
            json!({"call_id": "1"}),
            json!({"call_id": "1", "status": "accepted"}),
            json!({"call_id": "1", "status": "error"}),
            json!({"status": "ok"}),
        ] {
            assert!(
                serde_json::from_value::<Response>(bad.clone()).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_class_of_the_future_is_read() {
        let body: ErrorBody = serde_json::from_value(json!({"type": "on_fire"})).unwrap();
        assert_eq!(body.kind, ErrorKind::Unknown);
    }

    #[test]
    fn text_is_content_and_anything_else_is_data() {
        let text = Partial::new("1", 1, json!("half"));
        assert_eq!(text.content.as_deref(), Some("half"));
        let data = Partial::new("1", 2, json!({"at": 2}));
        assert_eq!(data.data, Some(json!({"at": 2})));
        assert_eq!(data.into_value(), json!({"at": 2}));
    }
}
