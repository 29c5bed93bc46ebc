//! Results of annotated functions: what may be returned, its schema, and how it becomes JSON.

use std::any::TypeId;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::{ToolError, ToolFuture};
use crate::wire::Output;

/// What a `#[tool]` function may return, by itself or in a `Result`: every type that is `Serialize`
/// and `JsonSchema`, and `()`.
///
/// It is not for implementing: put `#[mcp_mqtt::json]` on a type of yours.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a `#[tool]` function",
    label = "not a tool result",
    note = "put `#[mcp_mqtt::json]` or `#[derive(Serialize, JsonSchema)]` on every type of yours in it",
    note = "or return `()` or `Result<_, ToolError>`"
)]
pub trait ToolOutput: Sized + Send + 'static {
    /// The schema of the result; `None` for `()`.
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema>;

    /// The result as JSON.
    ///
    /// # Errors
    ///
    /// When serde cannot write it, such as a map whose keys are no strings.
    fn encode(self) -> Result<Output, ToolError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema + Send + 'static> ToolOutput for T {
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        let nothing = TypeId::of::<T>() == TypeId::of::<()>();
        (!nothing).then(|| generator.subschema_for::<T>())
    }

    fn encode(self) -> Result<Output, ToolError> {
        Output::new(&self).map_err(|error| {
            ToolError::new("the result of the tool cannot be written as JSON").with_source(error)
        })
    }
}

/// What may be the `E` of a `#[tool]` function that returns `Result<_, E>`: whatever converts into
/// [`ToolError`], which every error does.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a `#[tool]` function",
    label = "not a tool error",
    note = "implement `std::error::Error` for it, or `From<{Self}> for ToolError`",
    note = "`ToolError`, `anyhow::Error`, `Box<dyn Error + Send + Sync>`, `String` and `&'static str` work too"
)]
pub trait ToolFailure: Send + 'static {
    /// The error as the caller and the log see it.
    fn fail(self) -> ToolError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<ToolError> + Send + 'static> ToolFailure for E {
    fn fail(self) -> ToolError {
        self.into()
    }
}

/// How the result of one function is handled. Like `Param`, it has no bounds of its own.
pub struct Return<R> {
    schema: fn(&mut SchemaGenerator) -> Option<Schema>,
    encode: fn(R) -> Result<Output, ToolError>,
}

impl<R> Return<R> {
    /// The schema of the result; `None` for `()`.
    pub fn schema(&self, generator: &mut SchemaGenerator) -> Option<Schema> {
        (self.schema)(generator)
    }
}

/// Tells `Result` from other results.
///
/// `Result` itself is `Serialize` and `JsonSchema`, so a trait cannot tell it apart; an inherent
/// method, which wins over a trait's, can.
pub struct Probe<R>(PhantomData<fn() -> R>);

impl<R> Probe<R> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

impl<T, E> Probe<Result<T, E>> {
    /// The handling of a `Result`.
    #[must_use]
    pub fn returns(self) -> Return<Result<T, E>>
    where
        T: ToolOutput,
        E: ToolFailure,
    {
        Return {
            schema: T::schema,
            encode: |result| result.map_err(E::fail).and_then(T::encode),
        }
    }
}

/// The handling of everything but `Result`.
pub trait PlainReturn<R> {
    /// The handling of `R`.
    fn returns(self) -> Return<R>
    where
        R: ToolOutput;
}

impl<R> PlainReturn<R> for Probe<R> {
    fn returns(self) -> Return<R>
    where
        R: ToolOutput,
    {
        Return {
            schema: R::schema,
            encode: R::encode,
        }
    }
}

/// The running function, its result as JSON.
pub fn boxed<F, R>(future: F, returns: Return<R>) -> ToolFuture
where
    F: Future<Output = R> + Send + 'static,
    R: 'static,
{
    Box::pin(async move { (returns.encode)(future.await) })
}

#[cfg(test)]
mod tests;
