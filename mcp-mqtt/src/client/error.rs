//! What can go wrong with a call, as values that a program can match on.
//!
//! Errors of connecting live in [`connect`](super::connect), of discovery in
//! [`discovery`](super::discovery).

use std::time::Duration;

use crate::grammar::NameFault;
use crate::mqtt::ConnectionError;
use crate::wire::{ArgumentFault, ErrorBody, ErrorKind};

/// What is known about a call that failed: whether the tool ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The tool did not run, and will not: calling again is safe.
    NotRun,
    /// The call left, and nothing came back that says what became of it. Call again only if running
    /// twice does no harm.
    Unknown,
    /// The tool ran.
    Ran,
}

/// Who refused a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The broker, by its policy: the publish was answered with reason code 0x87, "not authorized"
    /// (MQTT 5.0 §3.4.2.1). Nothing reached the server. A tool that does not exist looks the same,
    /// since a policy grants no unknown topic.
    Broker {
        /// The topic that the caller may not publish to.
        topic: String,
    },
    /// The server, by the tool's `allowed_callers`.
    Server {
        /// What the server said.
        message: String,
    },
}

/// What the errors about names of tools say of those that can be.
pub(super) const TOOL_NAME: &str = "a tool is named by 1 to 64 of `A-Z a-z 0-9 _ - .`";

/// Why a call has no result. [`CallError::outcome`] says whether the tool ran.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The caller may not call this tool.
    #[error("{}", unauthorized(.tool, .caller, .refusal))]
    Unauthorized {
        /// The tool.
        tool: String,
        /// The identity that was refused.
        caller: String,
        /// Who refused it.
        refusal: Refusal,
    },

    /// Nobody takes calls of this tool now.
    #[error("`{tool}` is unavailable: {message}; {}", when(*.retry_after, *.outcome))]
    Unavailable {
        /// The tool.
        tool: String,
        /// How that is known.
        message: String,
        /// When to try again, if the server said so.
        retry_after: Option<Duration>,
        /// Whether the tool ran. It is [`Outcome::Unknown`] if the call was published and somebody
        /// subscribes to its topic, although no server shows itself.
        outcome: Outcome,
    },

    /// No response within the timeout, or the tool took longer than its server allows.
    #[error("`{tool}` timed out: {message}; {}", advice(*.outcome))]
    Timeout {
        /// The tool.
        tool: String,
        /// Whose limit it was, and how long.
        message: String,
        /// Whether the tool ran.
        outcome: Outcome,
    },

    /// The arguments do not fit the tool's input schema; the tool did not run.
    #[error("invalid arguments for `{tool}`: {}", listed(.message, .faults))]
    InvalidArguments {
        /// The tool.
        tool: String,
        /// The text of the server, or of this client for arguments that are no JSON object.
        message: String,
        /// Each fault with its JSON pointer; empty if the server names none.
        faults: Vec<ArgumentFault>,
    },

    /// The tool ran and failed.
    #[error("`{tool}` failed: {message}")]
    Tool {
        /// The tool.
        tool: String,
        /// What the tool says.
        message: String,
        /// A code that the tool chose.
        code: Option<String>,
    },

    /// The call is larger than the broker takes; it was not sent.
    #[error(
        "the call of `{tool}` is {size} bytes and the limit is {limit}: send less, or raise the packet size of the broker"
    )]
    TooLarge {
        /// The tool.
        tool: String,
        /// Size of the MQTT packet, in bytes.
        size: usize,
        /// What the broker takes, in bytes.
        limit: usize,
    },

    /// The server's process that had the call died before it answered, or one that may have had it.
    #[error("no answer from `{tool}`: {message}; {}", advice(*.outcome))]
    ServerDied {
        /// The tool.
        tool: String,
        /// Which process it was, and how it is known that it had the call.
        message: String,
        /// Whether the tool ran.
        outcome: Outcome,
    },

    /// There is no connection to the broker, or it was lost before the response.
    #[error("{}", lost(*.outcome, *.retries))]
    Connection {
        /// [`Outcome::NotRun`] if the call never left.
        outcome: Outcome,
        /// How often the call was sent again.
        retries: u32,
        /// Why there is no connection.
        #[source]
        source: ConnectionError,
    },

    /// The broker did not take the call, for a reason other than authorization.
    #[error("the broker did not take the call of `{tool}`: {reason}")]
    NotTaken {
        /// The tool.
        tool: String,
        /// The reason code of the broker in words, or what is wrong with the publish.
        reason: String,
    },

    /// What came back is no response of this protocol.
    #[error(
        "the response to `{tool}` could not be read: {message}; report this to whoever runs its server"
    )]
    BadResponse {
        /// The tool.
        tool: String,
        /// What is wrong with it.
        message: String,
    },

    /// The result does not fit the type that [`call_as`](super::Client::call_as) was asked for.
    #[error(
        "the result of `{tool}` does not fit the type it is read as; compare its output schema"
    )]
    BadResult {
        /// The tool.
        tool: String,
        /// Where it does not fit.
        #[source]
        source: serde_json::Error,
    },

    /// As many calls are pending as this client allows; this one was not sent.
    #[error("{limit} calls are pending: wait for some, or raise `max_pending`")]
    TooManyPending {
        /// The limit.
        limit: usize,
    },

    /// The operating system has no random numbers, without which anybody could forge a response.
    #[error("no random numbers for the id of the call: {error}")]
    NoRandomness {
        /// What the operating system said.
        error: String,
    },

    /// No tool can have this name; nothing was sent.
    #[error("the tool name `{}` {fault}; {TOOL_NAME}", .tool.escape_default())]
    InvalidName {
        /// The name.
        tool: String,
        /// What is wrong with it.
        fault: NameFault,
    },
}

impl CallError {
    /// Whether the tool ran, as far as that is known.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Unauthorized { .. }
            | Self::InvalidArguments { .. }
            | Self::TooLarge { .. }
            | Self::NotTaken { .. }
            | Self::TooManyPending { .. }
            | Self::NoRandomness { .. }
            | Self::InvalidName { .. } => Outcome::NotRun,
            Self::Tool { .. } | Self::BadResult { .. } => Outcome::Ran,
            Self::BadResponse { .. } => Outcome::Unknown,
            Self::Unavailable { outcome, .. }
            | Self::ServerDied { outcome, .. }
            | Self::Timeout { outcome, .. }
            | Self::Connection { outcome, .. } => *outcome,
        }
    }

    /// The same for a call that was sent again `retries` times, an attempt of which `may_have_run`.
    pub(super) fn after(mut self, count: u32, may_have_run: bool) -> Self {
        if let Self::Unavailable { outcome, .. }
        | Self::ServerDied { outcome, .. }
        | Self::Timeout { outcome, .. }
        | Self::Connection { outcome, .. } = &mut self
            && may_have_run
        {
            *outcome = Outcome::Unknown;
        }
        match &mut self {
            Self::Unavailable { message, .. }
            | Self::ServerDied { message, .. }
            | Self::Timeout { message, .. }
                if count > 0 =>
            {
                message.push_str(&again(count));
            }
            Self::Connection { retries, .. } => *retries = count,
            _ => {}
        }
        self
    }

    /// What a server's error response means to `caller`.
    pub(super) fn from_response(tool: &str, caller: &str, body: ErrorBody) -> Self {
        let tool = tool.to_owned();
        let message = body.message;
        match body.kind {
            ErrorKind::InvalidArguments => Self::InvalidArguments {
                tool,
                message,
                faults: body.faults,
            },
            ErrorKind::Unauthorized => Self::Unauthorized {
                tool,
                caller: caller.to_owned(),
                refusal: Refusal::Server { message },
            },
            ErrorKind::ToolError => Self::Tool {
                tool,
                message,
                code: body.code,
            },
            ErrorKind::Timeout => Self::Timeout {
                tool,
                message,
                outcome: Outcome::Unknown,
            },
            ErrorKind::Unavailable => Self::Unavailable {
                tool,
                message,
                retry_after: body.retry_after_ms.map(Duration::from_millis),
                outcome: Outcome::NotRun,
            },
            ErrorKind::Unknown => Self::BadResponse {
                tool,
                message: format!("an error of a class that this version does not know: {message}"),
            },
        }
    }
}

fn unauthorized(tool: &str, caller: &str, refusal: &Refusal) -> String {
    match refusal {
        Refusal::Broker { topic } => format!(
            "the broker refused the call (reason code 0x87): `{caller}` is not allowed to call `{tool}`, or there is no such tool; the grant it takes is publish on `{topic}`"
        ),
        // It knows why, and says what to do.
        Refusal::Server { message } => format!("the server refused the call: {message}"),
    }
}

fn when(retry_after: Option<Duration>, outcome: Outcome) -> String {
    let when = match retry_after {
        Some(wait) => format!("try again in {} ms", wait.as_millis()),
        None => "start its server, or try again later".to_owned(),
    };
    match outcome {
        Outcome::NotRun => when,
        _ => format!(
            "{when}, but only if running twice does no harm: whether the tool ran is unknown"
        ),
    }
}

fn listed(message: &str, faults: &[ArgumentFault]) -> String {
    use std::fmt::Write as _;
    if faults.is_empty() {
        return message.to_owned();
    }
    let mut text = String::new();
    for (i, fault) in faults.iter().enumerate() {
        let separator = if i == 0 { "" } else { "; " };
        let place = if fault.pointer.is_empty() {
            "the whole"
        } else {
            &fault.pointer
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}{place}: {}", fault.message);
    }
    text
}

/// How often a call was sent again, for the end of a message.
fn again(retries: u32) -> String {
    match retries {
        0 => String::new(),
        1 => " (it was sent again once)".to_owned(),
        n => format!(" (it was sent again {n} times)"),
    }
}

fn lost(outcome: Outcome, retries: u32) -> String {
    let again = again(retries);
    match outcome {
        Outcome::NotRun => format!(
            "there is no connection to the broker, the call was not sent{again}; try again once it is back"
        ),
        _ => format!(
            "the connection to the broker was lost before the response{again}; whether the tool ran is unknown, so call again only if running twice does no harm"
        ),
    }
}

fn advice(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotRun => "the tool did not run; try again",
        _ => {
            "whether the tool ran to its end is unknown, so call again only if running twice does no harm"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: ErrorKind) -> CallError {
        CallError::from_response("greet", "scout", ErrorBody::new(kind, "no"))
    }

    #[test]
    fn the_classes_of_a_response_say_whether_the_tool_ran() {
        for (kind, outcome) in [
            (ErrorKind::InvalidArguments, Outcome::NotRun),
            (ErrorKind::Unauthorized, Outcome::NotRun),
            (ErrorKind::Unavailable, Outcome::NotRun),
            (ErrorKind::ToolError, Outcome::Ran),
            (ErrorKind::Timeout, Outcome::Unknown),
            (ErrorKind::Unknown, Outcome::Unknown),
        ] {
            assert_eq!(of(kind).outcome(), outcome, "{kind:?}");
        }
    }

    #[test]
    fn a_refusal_by_the_broker_names_identity_tool_and_grant() {
        let text = CallError::Unauthorized {
            tool: "greet".into(),
            caller: "mallory".into(),
            refusal: Refusal::Broker {
                topic: "demo/mcp/tools/greet/call/mallory".into(),
            },
        }
        .to_string();
        for part in [
            "`mallory`",
            "`greet`",
            "no such tool",
            "publish on `demo/mcp/tools/greet/call/mallory`",
            "0x87",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_call_that_was_sent_again_says_how_often_and_why_it_failed_last() {
        let died = |outcome| CallError::ServerDied {
            tool: "greet".into(),
            message: "the process `a` of `hello` died with it".into(),
            outcome,
        };
        let unavailable = || of(ErrorKind::Unavailable);
        let lost = || CallError::Connection {
            outcome: Outcome::NotRun,
            retries: 0,
            source: ConnectionError::Stopped,
        };
        let texts = [
            died(Outcome::Unknown),
            died(Outcome::Unknown).after(1, true),
            unavailable().after(2, false),
            unavailable().after(2, true),
            lost(),
            lost().after(3, true),
        ]
        .map(|error| error.to_string());
        expect_test::expect![[r#"
            no answer from `greet`: the process `a` of `hello` died with it; whether the tool ran to its end is unknown, so call again only if running twice does no harm
            no answer from `greet`: the process `a` of `hello` died with it (it was sent again once); whether the tool ran to its end is unknown, so call again only if running twice does no harm
            `greet` is unavailable: no (it was sent again 2 times); start its server, or try again later
            `greet` is unavailable: no (it was sent again 2 times); start its server, or try again later, but only if running twice does no harm: whether the tool ran is unknown
            there is no connection to the broker, the call was not sent; try again once it is back
            the connection to the broker was lost before the response (it was sent again 3 times); whether the tool ran is unknown, so call again only if running twice does no harm"#]]
        .assert_eq(&texts.join("\n"));
        assert_eq!(unavailable().after(2, true).outcome(), Outcome::Unknown);
        assert_eq!(unavailable().after(2, false).outcome(), Outcome::NotRun);
    }

    #[test]
    fn every_fault_of_the_arguments_is_listed() {
        let error = CallError::InvalidArguments {
            tool: "greet".into(),
            message: "2 faults".into(),
            faults: vec![
                ArgumentFault::new("/name", "is required"),
                ArgumentFault::new("", "has too many members"),
            ],
        };
        assert_eq!(
            error.to_string(),
            "invalid arguments for `greet`: /name: is required; the whole: has too many members"
        );
    }

    #[test]
    fn errors_travel_between_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<CallError>();
    }
}
