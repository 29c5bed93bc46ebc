//! `ToolError`: what a tool says when it fails. How it travels is the business of `wire` and `server`.

use std::error::Error;
use std::fmt;

type BoxError = Box<dyn Error + Send + Sync>;

/// Why a tool failed: a message for the caller, an optional code, and a source for the log.
///
/// Every error converts into it, so `?` works on std errors, `anyhow::Error`, `String` and `&str`.
/// The caller sees the outermost message and the code only; what caused it goes to the server's log.
///
/// It does not implement [`Error`] itself, for the same reason as `anyhow::Error`: that is what
/// lets it take every other error.
///
/// ```
/// use mcp_mqtt::tool::ToolError;
///
/// fn parse(text: &str) -> Result<i32, ToolError> {
///     let number: i32 = text.parse()?; // any error
///     if number < 0 {
///         return Err(ToolError::new("the number must not be negative").code("negative"));
///     }
///     Ok(number)
/// }
///
/// let error = parse("x").unwrap_err();
/// assert_eq!(error.message(), "invalid digit found in string");
/// assert_eq!(parse("-1").unwrap_err().code_str(), Some("negative"));
/// ```
#[derive(Debug)]
pub struct ToolError {
    message: String,
    code: Option<String>,
    cause: Cause,
}

/// What stands behind the message.
#[derive(Debug)]
enum Cause {
    None,
    /// The error the message was taken from: its own sources follow.
    Same(BoxError),
    /// Another error, given with `with_source`.
    Other(BoxError),
}

impl ToolError {
    /// An error with a message that the caller may read.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: None,
            cause: Cause::None,
        }
    }

    /// Adds a code that a program can match on, such as `not_found`.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds what caused the error. It appears in the server's log and never at the caller's.
    ///
    /// ```
    /// use mcp_mqtt::tool::ToolError;
    ///
    /// let io = std::io::Error::other("/var/db is on fire");
    /// let error = ToolError::new("the database is away").with_source(io);
    /// assert_eq!(error.to_string(), "the database is away");
    /// assert_eq!(format!("{error:#}"), "the database is away: /var/db is on fire");
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Cause::Other(source.into());
        self
    }

    /// What the caller reads.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The code, if one was given.
    #[must_use]
    pub fn code_str(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The first cause behind the message.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::None => None,
            Cause::Same(error) => error.source(),
            Cause::Other(error) => Some(&**error),
        }
    }
}

/// The message; with `{:#}` also its causes, separated by `: `, for a log.
impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if f.alternate() {
            let mut next = self.source();
            while let Some(cause) = next {
                write!(f, ": {cause}")?;
                next = cause.source();
            }
        }
        Ok(())
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for ToolError {
    fn from(error: E) -> Self {
        let error = error.into();
        Self {
            message: error.to_string(),
            code: None,
            cause: Cause::Same(error),
        }
    }
}

impl From<ToolError> for Box<dyn Error> {
    fn from(error: ToolError) -> Self {
        // `{:#}`: a string error has no source, so the causes must stand in its text.
        format!("{error:#}").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    fn outer() -> Outer {
        Outer(std::io::Error::other("inner"))
    }

    #[test]
    fn the_caller_sees_the_outermost_message_only() {
        assert_eq!(ToolError::from(outer()).to_string(), "outer");
    }

    #[test]
    fn the_log_sees_each_cause_once() {
        assert_eq!(format!("{:#}", ToolError::from(outer())), "outer: inner");
        assert_eq!(
            format!("{:#}", ToolError::new("mine").with_source(outer())),
            "mine: outer: inner"
        );
    }

    #[test]
    fn strings_are_errors_without_a_cause() {
        for error in [ToolError::from("away"), ToolError::from("away".to_owned())] {
            assert_eq!(format!("{error:#}"), "away");
            assert!(error.source().is_none());
        }
    }

    #[test]
    fn a_boxed_error_keeps_the_causes_in_its_text() {
        let boxed: Box<dyn Error> = ToolError::from(outer()).into();
        assert_eq!(boxed.to_string(), "outer: inner");
    }
}
