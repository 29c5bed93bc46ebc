//! `Tool`: what a server knows of a tool, and how it is run. Made by `builder` or from an annotation.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::builder::ToolBuilder;
use super::fault::InvalidArguments;
use super::state::StateNeed;
use super::validate::{Refusal, Validator};
use super::{Hints, StateMap, ToolContext, ToolError, schema};
use crate::meter::ToolMeter;
use crate::wire::{ErrorKind, Output};

/// A running tool, its result as JSON.
pub type ToolFuture = Pin<Box<dyn Future<Output = Result<Output, ToolError>> + Send>>;

/// A tool: its name, its schemas, who may call it, and the code behind it. Cheap to clone.
///
/// Most tools are annotated functions. [`Tool::builder`] makes one without a macro:
///
/// ```
/// use mcp_mqtt::tool::{Tool, ToolContext, ToolError};
/// use serde_json::json;
///
/// let echo = Tool::builder("echo")
///     .description("Gives back what it is given.")
///     .allowed_callers(["scout"])
///     .input_schema(json!({"type": "object"}))
///     .raw_handler(|arguments, _ctx: ToolContext| async move {
///         Ok::<_, ToolError>(arguments.into())
///     })
///     .build()?;
///
/// assert!(echo.allows("scout"));
/// assert!(!echo.allows("mallory"));
/// # Ok::<(), mcp_mqtt::tool::ToolBuildError>(())
/// ```
#[derive(Clone)]
pub struct Tool {
    spec: Arc<Spec>,
    allowed_callers: Option<Arc<[String]>>,
}

/// What never changes once the tool is made.
pub(super) struct Spec {
    pub(super) name: Arc<str>,
    pub(super) title: Option<String>,
    pub(super) description: String,
    pub(super) version: Option<String>,
    pub(super) streaming: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) concurrency: Option<usize>,
    pub(super) require_verified: bool,
    pub(super) hints: Hints,
    pub(super) input_schema: Value,
    pub(super) output_schema: Option<Value>,
    pub(super) source: Option<(&'static str, u32)>,
    pub(super) module: &'static str,
    pub(super) states: Vec<StateNeed>,
    pub(super) validator: Validator,
    pub(super) handler: Box<dyn Handler>,
    pub(super) meter: ToolMeter,
}

/// The code behind a tool.
pub(super) trait Handler: Send + Sync {
    /// Renames arguments before they are validated.
    fn prepare(&self, _arguments: &mut Map<String, Value>) {}

    /// Starts the tool with arguments that fit the schema. They may still not decode.
    fn start(
        &self,
        arguments: Map<String, Value>,
        context: ToolContext,
        state: &StateMap,
    ) -> Result<ToolFuture, InvalidArguments>;
}

impl Tool {
    /// A tool made by hand.
    pub fn builder(name: impl Into<String>) -> ToolBuilder {
        ToolBuilder::new(name.into())
    }

    pub(super) fn new(spec: Spec, allowed_callers: Option<Vec<String>>) -> Self {
        Self {
            spec: Arc::new(spec),
            allowed_callers: allowed_callers.map(Into::into),
        }
    }

    /// The name: 1–64 of `A–Z a–z 0–9 _ - .`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// A name for people.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.spec.title.as_deref()
    }

    /// What models choose the tool by; may be empty.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.spec.description
    }

    /// The tool's own version.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.spec.version.as_deref()
    }

    /// Who may call: `None` is every authenticated caller, an empty list is nobody. In the registry of
    /// a server these are names of callers only; before
    /// [`Registry::with_groups`](super::Registry::with_groups), `@name` may stand for a group.
    #[must_use]
    pub fn allowed_callers(&self) -> Option<&[String]> {
        self.allowed_callers.as_deref()
    }

    /// Whether `caller` may call.
    #[must_use]
    pub fn allows(&self, caller: &str) -> bool {
        self.allowed_callers()
            .is_none_or(|allowed| allowed.iter().any(|name| name == caller))
    }

    /// Whether the tool sends partial results.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.spec.streaming
    }

    /// The longest a call may take; `None` leaves it to the server.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.spec.timeout
    }

    /// How many calls of it may run at the same time on one server; `None` leaves it to the server.
    #[must_use]
    pub fn concurrency(&self) -> Option<usize> {
        self.spec.concurrency
    }

    /// Whether it takes calls of verified callers alone.
    #[must_use]
    pub fn requires_verified(&self) -> bool {
        self.spec.require_verified
    }

    /// What the tool says of its own behaviour.
    #[must_use]
    pub fn hints(&self) -> Hints {
        self.spec.hints
    }

    /// JSON Schema (draft 2020-12) of the arguments; an object.
    #[must_use]
    pub fn input_schema(&self) -> &Value {
        &self.spec.input_schema
    }

    /// JSON Schema (draft 2020-12) of the result; `None` if there is none or it can be anything.
    #[must_use]
    pub fn output_schema(&self) -> Option<&Value> {
        self.spec.output_schema.as_ref()
    }

    /// SHA-256 of the input schema in hexadecimal, the same for equal schemas in any key order.
    #[must_use]
    pub fn schema_hash(&self) -> String {
        schema::hash(self.input_schema())
    }

    /// File and line of the annotation; `None` if made by hand.
    #[must_use]
    pub fn source(&self) -> Option<(&'static str, u32)> {
        self.spec.source
    }

    /// The module path of the annotation; empty if made by hand.
    #[must_use]
    pub fn module(&self) -> &str {
        self.spec.module
    }

    pub(super) fn map_callers(&mut self, map: impl FnOnce(&Arc<[String]>) -> Arc<[String]>) {
        self.allowed_callers = self.allowed_callers.as_ref().map(map);
    }

    pub(super) fn set_default_callers(&mut self, callers: &Arc<[String]>) {
        self.allowed_callers
            .get_or_insert_with(|| Arc::clone(callers));
    }
}

/// How a server runs a tool.
impl Tool {
    /// The state it takes.
    pub(crate) fn states(&self) -> impl Iterator<Item = StateNeed> {
        self.spec.states.iter().copied()
    }

    /// Its name and how many places it has, if that is limited.
    pub(crate) fn places(&self) -> Option<(Arc<str>, usize)> {
        let places = self.spec.concurrency?;
        Some((Arc::clone(&self.spec.name), places))
    }

    /// Builds the validator, which otherwise happens at the first call; why it cannot be built.
    pub(crate) fn check_schema(&self) -> Result<(), String> {
        self.spec.validator.check(&self.spec.input_schema)
    }

    /// Counts a call that was answered, with a result or an error.
    pub(crate) fn answered(&self, error: Option<ErrorKind>) {
        self.spec.meter.answered(self.name(), error);
    }

    /// Counts a call that was cancelled.
    pub(crate) fn cancelled(&self) {
        self.spec.meter.cancelled(self.name());
    }

    /// Counts the time that a call took that ran.
    pub(crate) fn took(&self, time: Duration) {
        self.spec.meter.took(self.name(), time);
    }

    /// Validates and decodes `arguments`, and only then starts the handler.
    ///
    /// Decoding and a handler made by hand may panic here already, so call it where panics are caught.
    pub(crate) fn invoke(
        &self,
        mut arguments: Map<String, Value>,
        context: ToolContext,
        state: &StateMap,
    ) -> Result<ToolFuture, InvalidArguments> {
        let spec = &self.spec;
        spec.handler.prepare(&mut arguments);
        match spec.validator.validate(&spec.input_schema, arguments) {
            Ok(arguments) => spec.handler.start(arguments, context, state),
            Err(Refusal::Arguments(invalid)) => Err(invalid),
            // Not the caller's fault, so not an argument fault.
            Err(Refusal::Schema(reason)) => {
                let error = ToolError::new("the input schema of this tool cannot be used");
                let error = error.code("invalid_schema").with_source(reason);
                Ok(Box::pin(std::future::ready(Err(error))))
            }
        }
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool")
            .field("name", &self.spec.name)
            .field("allowed_callers", &self.allowed_callers)
            .field("source", &self.spec.source)
            .finish_non_exhaustive()
    }
}
