//! What may be large in a payload, written first: it is serialised in its place, and copied nowhere.

use std::io;

use serde::Serialize;

use super::Call;

/// An object whose first member is written.
#[derive(Debug, Clone)]
struct Head(Vec<u8>);

/// Enough for the other members, most of the time.
const REST: usize = 512;

impl io::Write for Head {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A large string comes at once; without room behind it, the next byte would copy it.
        if bytes.len() > REST {
            self.0.reserve(bytes.len() + REST);
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Head {
    /// `opening` ends where the value is to stand.
    fn new(opening: &str, value: &impl Serialize) -> serde_json::Result<Self> {
        let mut head = Self(opening.as_bytes().to_vec());
        serde_json::to_writer(&mut head, value)?;
        Ok(head)
    }

    /// The whole object, with the members of `rest`, which has some.
    fn end(mut self, rest: &impl Serialize) -> Vec<u8> {
        let end = self.0.len();
        // Strings and numbers always have a JSON form.
        drop(serde_json::to_writer(&mut self, rest));
        if let Some(brace) = self.0.get_mut(end) {
            *brace = b',';
        }
        self.0
    }
}

const ARGUMENTS: &str = r#"{"arguments":"#;
const RESULT: &str = r#"{"result":"#;

/// The arguments of a call, as JSON.
#[derive(Debug, Clone)]
pub struct Arguments(Head);

impl Arguments {
    /// Writes them.
    ///
    /// # Errors
    ///
    /// What is wrong, for the caller, when they are no JSON object.
    pub fn new(arguments: &impl Serialize) -> Result<Self, String> {
        let head = Head::new(ARGUMENTS, arguments)
            .map_err(|error| format!("the arguments cannot be serialised: {error}"))?;
        match head.0.get(ARGUMENTS.len()) {
            Some(b'{') => Ok(Self(head)),
            _ => Err(
                "the arguments must serialise to a JSON object, with a member for each parameter"
                    .to_owned(),
            ),
        }
    }

    /// The payload of `call` with these arguments.
    #[must_use]
    pub fn call(self, call: &Call<'_>) -> Vec<u8> {
        self.0.end(call)
    }
}

/// The result of a tool, as JSON.
#[derive(Debug, Clone)]
pub struct Output(Head);

impl Output {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// When it has no JSON form.
    pub fn new(result: &impl Serialize) -> serde_json::Result<Self> {
        Head::new(RESULT, result).map(Self)
    }

    /// The payload of the response to `call_id`, after `elapsed_ms` milliseconds.
    #[must_use]
    pub fn response(self, call_id: &str, elapsed_ms: u64) -> Vec<u8> {
        #[derive(Serialize)]
        struct Rest<'a> {
            call_id: &'a str,
            status: &'static str,
            elapsed_ms: u64,
        }
        self.0.end(&Rest {
            call_id,
            status: "ok",
            elapsed_ms,
        })
    }
}

#[cfg(test)]
impl Output {
    pub(crate) fn value(&self) -> serde_json::Value {
        serde_json::from_slice(&self.0.0[RESULT.len()..]).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::{CallRequest, Response};

    #[test]
    fn a_call_is_read_as_it_was_written() {
        let arguments = json!({"text": "a\"b"});
        let call = Call::new("1", "scout", "a/responses");
        let payload = Arguments::new(&arguments).unwrap().call(&call);
        let read = CallRequest::parse(&payload, "greet").unwrap();
        assert_eq!(json!(read.arguments), arguments);
        assert_eq!(read.call_id, "1");
        assert_eq!(read.client.as_deref(), Some("scout"));
        assert_eq!(read.response_topic.as_deref(), Some("a/responses"));
    }

    #[test]
    fn arguments_are_an_object() {
        for bad in [json!([]), json!(null), json!("{")] {
            assert!(
                Arguments::new(&bad)
                    .unwrap_err()
                    .contains("to a JSON object")
            );
        }
    }

    #[test]
    fn a_response_is_read_as_it_was_written() {
        for result in [json!(null), json!({"a": [1]})] {
            let payload = Output::new(&result).unwrap().response("\"", 3);
            let read: Response = serde_json::from_slice(&payload).unwrap();
            assert_eq!(read, Response::ok("\"", result, 3));
        }
    }
}
