//! What a running tool may know of its call and say before it ends.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;

use super::caller::Caller;
use crate::wire::TraceContext;

/// The call a tool is answering: who calls, until when, and a way to report progress.
///
/// Take it as a parameter; it is told from JSON arguments by its type. Clones belong to the same call.
///
/// ```
/// use mcp_mqtt::tool::{ToolContext, ToolError};
///
/// async fn count_to(n: u32, ctx: ToolContext) -> Result<u32, ToolError> {
///     for i in 1..=n {
///         if ctx.is_cancelled() {
///             return Err(ToolError::new("cancelled"));
///         }
///         ctx.stream(serde_json::json!({ "at": i })).await?;
///     }
///     Ok(n)
/// }
///
/// // A tool is an ordinary function, so a test calls it as one.
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// assert_eq!(count_to(3, ToolContext::detached("scout")).await.unwrap(), 3);
/// # });
/// ```
#[derive(Clone)]
pub struct ToolContext(Arc<ContextParts>);

/// What a server knows of a call.
pub(crate) struct ContextParts {
    pub(crate) caller: Caller,
    pub(crate) call_id: String,
    pub(crate) deadline: Option<Instant>,
    pub(crate) cancellation: Cancellation,
    pub(crate) sink: Arc<dyn PartialSink>,
    pub(crate) trace: Option<TraceContext>,
}

impl ToolContext {
    pub(crate) fn new(parts: ContextParts) -> Self {
        Self(Arc::new(parts))
    }

    /// A context for calling a tool as a plain function, as tests do.
    ///
    /// The caller is claimed, there is no deadline, nothing cancels it, and what it streams is dropped.
    #[must_use]
    pub fn detached(caller: &str) -> Self {
        Self::new(ContextParts {
            caller: Caller::claimed(caller),
            call_id: "detached".to_owned(),
            deadline: None,
            cancellation: Cancellation::default(),
            sink: Arc::new(Discard),
            trace: None,
        })
    }

    /// Who calls, and whether the broker vouches for it.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.0.caller
    }

    /// The id the caller gave this call: 1–128 bytes, unique among that caller's running calls only.
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.0.call_id
    }

    /// When the call is given up: the shorter of what the tool may take and the caller waits. `None` only
    /// in a [detached](Self::detached) context.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// The trace that the caller says this call is part of, for calls and events that are to be part of it as
    /// well. Its form was checked; what it says is the caller's claim.
    #[must_use]
    pub fn trace_context(&self) -> Option<&TraceContext> {
        self.0.trace.as_ref()
    }

    /// Whether the call was given up: its caller cancelled it, its deadline has passed, or the server has
    /// stopped. The tool's
    /// future is dropped at its next `.await` then, so this is for work that outlives it, such as a
    /// spawned task.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancellation.is_cancelled()
    }

    pub(crate) fn cancel(&self) {
        self.0.cancellation.cancel();
    }

    /// Waits until the call is cancelled; for ever if it never is. Made for `tokio::select!`.
    pub async fn cancelled(&self) {
        self.0.cancellation.cancelled().await;
    }

    /// Sends a partial result, in order, before the result itself.
    ///
    /// A string is sent as text, anything else as JSON. It waits while the connection is full.
    ///
    /// # Errors
    ///
    /// When `data` is not JSON, the tool is not declared `streaming`, or nobody can receive it any more.
    pub async fn stream(&self, data: impl Serialize) -> Result<(), StreamError> {
        let data = serde_json::to_value(data).map_err(StreamError::Encode)?;
        self.0.sink.send(data).await
    }
}

impl fmt::Debug for ToolContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolContext")
            .field("caller", &self.0.caller)
            .field("call_id", &self.0.call_id)
            .field("deadline", &self.0.deadline)
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

/// Why a partial result was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The value has no JSON form.
    #[error("the partial result has no JSON form; map keys must be strings")]
    Encode(#[source] serde_json::Error),
    /// The tool is not declared as streaming.
    #[error("this tool is not declared as streaming; write `#[tool(streaming)]`")]
    NotStreaming,
    /// The partial result is larger than the broker takes.
    #[error("the partial result has {size} bytes, the broker takes {limit}; send smaller parts")]
    TooLarge {
        /// Bytes of the message.
        size: usize,
        /// The most the broker takes.
        limit: usize,
    },
    /// The call is over: answered, timed out or cancelled.
    #[error("the call is over; stop streaming")]
    Closed,
    /// The broker did not take the message.
    #[error("the broker did not take the partial result")]
    Send(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where partial results go.
pub(crate) trait PartialSink: Send + Sync {
    /// Sends one value; the order of calls is the order of sending.
    fn send<'a>(
        &'a self,
        data: Value,
    ) -> Pin<Box<dyn Future<Output = Result<(), StreamError>> + Send + 'a>>;
}

/// Takes everything and keeps nothing.
struct Discard;

impl PartialSink for Discard {
    fn send<'a>(
        &'a self,
        _: Value,
    ) -> Pin<Box<dyn Future<Output = Result<(), StreamError>> + Send + 'a>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A flag that many may wait for; set once, it stays set.
#[derive(Clone, Default)]
pub(crate) struct Cancellation(Arc<Flag>);

#[derive(Default)]
struct Flag {
    set: AtomicBool,
    changed: Notify,
}

impl Cancellation {
    pub(crate) fn cancel(&self) {
        self.0.set.store(true, Ordering::Release);
        self.0.changed.notify_waiters();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.set.load(Ordering::Acquire)
    }

    pub(crate) async fn cancelled(&self) {
        // From here on it hears of a change, so that none is missed between looking and waiting.
        let changed = self.0.changed.notified();
        if !self.is_cancelled() {
            changed.await;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;

    #[derive(Default)]
    struct Collect(Mutex<Vec<Value>>);

    impl PartialSink for Collect {
        fn send<'a>(
            &'a self,
            data: Value,
        ) -> Pin<Box<dyn Future<Output = Result<(), StreamError>> + Send + 'a>> {
            self.0.lock().unwrap().push(data);
            Box::pin(std::future::ready(Ok(())))
        }
    }

    fn context(cancellation: &Cancellation, sink: Arc<dyn PartialSink>) -> ToolContext {
        ToolContext::new(ContextParts {
            caller: Caller::verified("scout"),
            call_id: "c1".to_owned(),
            deadline: None,
            cancellation: cancellation.clone(),
            sink,
            trace: None,
        })
    }

    #[tokio::test]
    async fn partial_results_arrive_in_order() {
        let sink = Arc::new(Collect::default());
        let ctx = context(&Cancellation::default(), sink.clone());
        ctx.stream("one").await.unwrap();
        ctx.clone().stream(json!({"at": 2})).await.unwrap();
        assert_eq!(*sink.0.lock().unwrap(), [json!("one"), json!({"at": 2})]);
    }

    #[tokio::test]
    async fn what_is_not_json_is_an_error_and_sends_nothing() {
        let sink = Arc::new(Collect::default());
        let ctx = context(&Cancellation::default(), sink.clone());
        let pairs = std::collections::HashMap::from([((1, 2), 3)]);
        assert!(matches!(
            ctx.stream(pairs).await,
            Err(StreamError::Encode(_))
        ));
        assert!(sink.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn every_clone_learns_of_the_cancellation_before_and_after() {
        let cancellation = Cancellation::default();
        let ctx = context(&cancellation, Arc::new(Discard));
        let waiting = tokio::spawn({
            let ctx = ctx.clone();
            async move { ctx.cancelled().await }
        });
        assert!(!ctx.is_cancelled());
        cancellation.cancel();
        waiting.await.unwrap();
        assert!(ctx.is_cancelled());
        ctx.cancelled().await;
    }

    #[test]
    fn a_detached_caller_is_never_verified() {
        let ctx = ToolContext::detached("scout");
        assert_eq!(ctx.caller().name(), "scout");
        assert!(!ctx.caller().is_verified());
    }
}
