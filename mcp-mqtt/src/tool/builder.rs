//! Tools made by hand, for libraries, for tests, and where tools are known at run time only.

use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::check::{self, ToolBuildError, ToolFault};
use super::descriptor::{Handler, Spec, Tool, ToolFuture};
use super::fault::{self, InvalidArguments};
use super::validate::Validator;
use super::{Hints, StateMap, ToolContext, ToolError, schema};
use crate::meter::ToolMeter;
use crate::wire;

/// Makes a [`Tool`]; from [`Tool::builder`].
///
/// The schemas come from the types of the handler:
///
/// ```
/// use mcp_mqtt::tool::{Tool, ToolContext, ToolError};
/// # use mcp_mqtt::tool::ToolBuildError;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Add {
///     a: u32,
///     b: u32,
/// }
///
/// let add = Tool::builder("add")
///     .description("Adds two numbers.")
///     .handler(|Add { a, b }, _ctx: ToolContext| async move {
///         a.checked_add(b).ok_or_else(|| ToolError::new("the sum is too large"))
///     })
///     .build()?;
///
/// assert_eq!(add.input_schema()["required"], serde_json::json!(["a", "b"]));
/// # Ok::<(), ToolBuildError>(())
/// ```
#[must_use = "call `build` to get the tool"]
pub struct ToolBuilder {
    name: String,
    title: Option<String>,
    description: String,
    version: Option<String>,
    allowed_callers: Option<Vec<String>>,
    streaming: bool,
    timeout: Option<Duration>,
    concurrency: Option<usize>,
    require_verified: bool,
    hints: Hints,
    input_schema: Option<Value>,
    output_schema: Option<Value>,
    handler: Option<Box<dyn Handler>>,
}

impl ToolBuilder {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            title: None,
            description: String::new(),
            version: None,
            allowed_callers: None,
            streaming: false,
            timeout: None,
            concurrency: None,
            require_verified: false,
            hints: Hints::default(),
            input_schema: None,
            output_schema: None,
            handler: None,
        }
    }

    /// A name for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What models choose the tool by.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The tool's own version.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Who may call; an empty list is nobody. Without it, the server's default callers may, and
    /// without those every authenticated caller. `@name` stands for the group `name` of
    /// [`Registry::with_groups`](super::Registry::with_groups).
    pub fn allowed_callers<I>(mut self, callers: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.allowed_callers = Some(callers.into_iter().map(Into::into).collect());
        self
    }

    /// The tool sends partial results, with [`ToolContext::stream`].
    pub fn streaming(mut self) -> Self {
        self.streaming = true;
        self
    }

    /// The longest a call may take; more than zero.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How many calls of it may run at the same time on one server, from 1; the next ones wait. Without
    /// it, only what the server takes bounds them.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = Some(calls);
        self
    }

    /// It takes calls of callers alone whose names the broker vouches for; the others are `unauthorized`.
    pub fn require_verified(mut self) -> Self {
        self.require_verified = true;
        self
    }

    /// What the tool says of its own behaviour.
    pub fn hints(mut self, hints: Hints) -> Self {
        self.hints = hints;
        self
    }

    /// JSON Schema (draft 2020-12) of the arguments, an object. A typed handler brings its own;
    /// called after it, this replaces that one.
    pub fn input_schema(mut self, schema: Value) -> Self {
        self.input_schema = Some(schema);
        self
    }

    /// JSON Schema (draft 2020-12) of the result. A typed handler brings its own; called after it,
    /// this replaces that one.
    pub fn output_schema(mut self, schema: Value) -> Self {
        self.output_schema = Some(schema);
        self
    }

    /// The code behind the tool. Arguments are the fields of `Args`, a struct or `()`; both schemas
    /// come from the types.
    pub fn handler<Args, Output, E, F, Fut>(mut self, handler: F) -> Self
    where
        Args: DeserializeOwned + JsonSchema + 'static,
        Output: Serialize + JsonSchema + 'static,
        E: Into<ToolError> + 'static,
        F: Fn(Args, ToolContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Output, E>> + Send + 'static,
    {
        let input = schema::of_arguments::<Args>();
        let unit = input == schema::nothing();
        self.input_schema = Some(input);
        self.output_schema = schema::of_output::<Output>();
        let args = PhantomData;
        self.handler = Some(Box::new(Typed {
            handler,
            unit,
            args,
        }));
        self
    }

    /// The code behind the tool, on JSON as it comes, after it was checked against
    /// [`ToolBuilder::input_schema`].
    pub fn raw_handler<E, F, Fut>(mut self, handler: F) -> Self
    where
        E: Into<ToolError> + 'static,
        F: Fn(Map<String, Value>, ToolContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, E>> + Send + 'static,
    {
        self.handler = Some(Box::new(Raw(handler)));
        self
    }

    /// The tool.
    ///
    /// # Errors
    ///
    /// All that is wrong: the name, the callers, a timeout or concurrency of zero, an input schema that is missing,
    /// is no JSON Schema or no object, a missing handler.
    pub fn build(self) -> Result<Tool, ToolBuildError> {
        let validator = Validator::default();
        let input_schema = self.input_schema.unwrap_or_default();
        let callers = self.allowed_callers;
        let mut faults = check::names(&self.name, callers.as_deref());
        faults.extend(check::numbers(self.timeout, self.concurrency));
        faults.extend(check::schemas(
            &validator,
            &input_schema,
            self.output_schema.as_ref(),
        ));
        if self.handler.is_none() {
            faults.push(ToolFault::NoHandler);
        }
        let Some(handler) = self.handler.filter(|_| faults.is_empty()) else {
            let tool = self.name;
            return Err(ToolBuildError { tool, faults });
        };
        let spec = Spec {
            name: self.name.into(),
            title: self.title,
            description: self.description,
            version: self.version,
            streaming: self.streaming,
            timeout: self.timeout,
            concurrency: self.concurrency,
            require_verified: self.require_verified,
            hints: self.hints,
            input_schema,
            output_schema: self.output_schema,
            source: None,
            module: "",
            states: Vec::new(),
            validator,
            handler,
            meter: ToolMeter::default(),
        };
        Ok(Tool::new(spec, callers))
    }
}

struct Typed<Args, F> {
    handler: F,
    /// There are no arguments, so `Args` may be `()`, which decodes from null only.
    unit: bool,
    args: PhantomData<fn(Args)>,
}

impl<Args, Output, E, F, Fut> Handler for Typed<Args, F>
where
    Args: DeserializeOwned,
    Output: Serialize,
    E: Into<ToolError>,
    F: Fn(Args, ToolContext) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Output, E>> + Send + 'static,
{
    fn start(
        &self,
        arguments: Map<String, Value>,
        context: ToolContext,
        _: &StateMap,
    ) -> Result<ToolFuture, InvalidArguments> {
        let args = Args::deserialize(Value::Object(arguments)).or_else(|error| {
            let null = if self.unit {
                Args::deserialize(Value::Null).ok()
            } else {
                None
            };
            null.ok_or_else(|| fault::decode("", error))
        })?;
        let running = (self.handler)(args, context);
        Ok(Box::pin(async move {
            let output = running.await.map_err(Into::into)?;
            encode(&output)
        }))
    }
}

struct Raw<F>(F);

impl<E, F, Fut> Handler for Raw<F>
where
    E: Into<ToolError>,
    F: Fn(Map<String, Value>, ToolContext) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Value, E>> + Send + 'static,
{
    fn start(
        &self,
        arguments: Map<String, Value>,
        context: ToolContext,
        _: &StateMap,
    ) -> Result<ToolFuture, InvalidArguments> {
        let running = (self.0)(arguments, context);
        Ok(Box::pin(async move {
            encode(&running.await.map_err(Into::into)?)
        }))
    }
}

fn encode(output: &impl Serialize) -> Result<wire::Output, ToolError> {
    wire::Output::new(output)
        .map_err(|error| ToolError::new("the result has no JSON form").with_source(error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
