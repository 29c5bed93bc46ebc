//! What can be wrong with a tool itself, whoever made it.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::schema::is_object;
use super::validate::Validator;
use crate::grammar::{self, NameFault};

/// One fault of a tool, as the end of a sentence that begins with the tool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolFault {
    /// The name is not 1–64 of `A–Z a–z 0–9 _ - .`.
    #[error("its name {0}; use 1 to 64 of `A-Z a-z 0-9 _ - .`")]
    Name(NameFault),
    /// The name of an allowed caller breaks the rules for callers.
    #[error("the allowed caller `{name}` {fault}")]
    Caller {
        /// The name.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// The name of a group among the allowed callers is not 1–64 of `A–Z a–z 0–9 _ - .`.
    #[error("the name of the group `{}` among its callers {fault}; use 1 to 64 of `A-Z a-z 0-9 _ - .`", .name.escape_debug())]
    Group {
        /// The name, with its `@`.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// An allowed caller is listed twice.
    #[error("the caller `{0}` is allowed twice; list it once")]
    DuplicateCaller(String),
    /// The timeout is zero, so that no call could succeed.
    #[error("its timeout is zero; give at least a millisecond")]
    ZeroTimeout,
    /// No call may run, so that none could succeed.
    #[error("its concurrency is zero; let at least one call run")]
    ZeroConcurrency,
    /// The arguments are not described as an object.
    #[error("its input schema is no object; MCP wants named arguments, so take a struct")]
    NotAnObject,
    /// The schema of the arguments is no JSON Schema.
    #[error("its input schema is no valid JSON Schema: {0}")]
    InputSchema(String),
    /// The schema of the result is no JSON Schema.
    #[error("its output schema is no valid JSON Schema: {0}")]
    OutputSchema(String),
    /// There is no code behind it.
    #[error("it has no handler; call `handler` or `raw_handler`")]
    NoHandler,
}

/// A tool cannot be made; all that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct ToolBuildError {
    /// The name as given.
    pub tool: String,
    /// What is wrong; never empty.
    pub faults: Vec<ToolFault>,
}

/// One line a fault.
impl fmt::Display for ToolBuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "tool `{}`: {fault}", self.tool.escape_debug())?;
        }
        Ok(())
    }
}

/// What is wrong with the names.
pub(super) fn names(name: &str, callers: Option<&[String]>) -> Vec<ToolFault> {
    let mut faults = Vec::new();
    faults.extend(grammar::tool(name).err().map(ToolFault::Name));
    for (i, name) in callers.unwrap_or_default().iter().enumerate() {
        let (name, earlier) = (name.clone(), callers.unwrap_or_default().iter().take(i));
        let group = grammar::as_group(&name);
        if let Some(fault) = group.and_then(|group| grammar::group(group).err()) {
            faults.push(ToolFault::Group { name, fault });
        } else if let (None, Err(fault)) = (group, grammar::caller(&name)) {
            faults.push(ToolFault::Caller { name, fault });
        } else if earlier.clone().any(|other| *other == name) {
            faults.push(ToolFault::DuplicateCaller(name));
        }
    }
    faults
}

/// Numbers with which no call could succeed.
pub(super) fn numbers(
    timeout: Option<Duration>,
    concurrency: Option<usize>,
) -> impl Iterator<Item = ToolFault> {
    let timeout = timeout.is_some_and(|timeout| timeout.is_zero());
    let timeout = timeout.then_some(ToolFault::ZeroTimeout);
    let concurrency = (concurrency == Some(0)).then_some(ToolFault::ZeroConcurrency);
    timeout.into_iter().chain(concurrency)
}

/// Whether the input schema is an object. Cheap: it is not compiled.
pub(super) fn object(input: &Value) -> Option<ToolFault> {
    (!is_object(input)).then_some(ToolFault::NotAnObject)
}

/// What is wrong with schemas that people wrote. `validator` keeps what was compiled.
pub(super) fn schemas(
    validator: &Validator,
    input: &Value,
    output: Option<&Value>,
) -> Vec<ToolFault> {
    let output = output.and_then(|output| Validator::default().check(output).err());
    let input = object(input).or_else(|| validator.check(input).err().map(ToolFault::InputSchema));
    input
        .into_iter()
        .chain(output.map(ToolFault::OutputSchema))
        .collect()
}
