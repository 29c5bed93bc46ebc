//! The partial results of a call, as a stream, and its result.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_core::Stream;
use serde_json::Value;

use super::CallError;

type Running = Pin<Box<dyn Future<Output = Result<Value, CallError>> + Send>>;

/// A call with partial results: a [`Stream`] of them, then the [result](Self::result).
///
/// The call is sent when the stream is first polled. Up to 256 partial results (16 MiB) wait for a
/// slow reader; then the oldest go, and [`missed`](Self::missed) counts them: the result always
/// arrives. Partial results come in the order in which they arrived. Those of a server without inbox
/// delivery may be read and forged by others; see [`Call::streamed`](super::Call::streamed).
///
/// ```no_run
/// # async fn demo(client: mcp_mqtt::client::Client) -> Result<(), mcp_mqtt::client::CallError> {
/// let mut call = client.call_streamed("count_to", serde_json::json!({"n": 3}));
/// while let Some(step) = call.next().await {
///     println!("{step}");
/// }
/// println!("counted to {}", call.result().await?);
/// # Ok(()) }
/// ```
#[must_use = "a call does nothing unless it is polled"]
pub struct CallStream {
    progress: Progress,
    partials: Partials,
}

enum Progress {
    Running(Running),
    Ended(Result<Value, CallError>),
}

/// Where a running call leaves its partial results. It runs only while somebody polls the stream,
/// which takes everything out first, so this holds no more than the call's mailbox did.
#[derive(Debug, Clone, Default)]
pub(super) struct Partials(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    values: VecDeque<Value>,
    missed: u64,
}

impl Partials {
    pub(super) fn push(&self, value: Value) {
        self.lock().values.push_back(value);
    }

    pub(super) fn set_missed(&self, missed: u64) {
        self.lock().missed = missed;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CallStream {
    pub(super) fn new<F>(start: impl FnOnce(Partials) -> F) -> Self
    where
        F: Future<Output = Result<Value, CallError>> + Send + 'static,
    {
        let partials = Partials::default();
        Self {
            progress: Progress::Running(Box::pin(start(partials.clone()))),
            partials,
        }
    }

    /// The next partial result; `None` once the call has ended.
    pub async fn next(&mut self) -> Option<Value> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The result of the call. Partial results that were not read are dropped.
    ///
    /// # Errors
    ///
    /// As [`Client::call`](super::Client::call).
    pub async fn result(self) -> Result<Value, CallError> {
        match self.progress {
            Progress::Ended(result) => result,
            Progress::Running(mut running) => {
                std::future::poll_fn(|cx| {
                    let result = running.as_mut().poll(cx);
                    self.partials.lock().values.clear();
                    result
                })
                .await
            }
        }
    }

    /// How many partial results arrived and were dropped because they were not read in time.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.partials.lock().missed
    }
}

impl Stream for CallStream {
    type Item = Value;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Value>> {
        if let Some(value) = self.partials.lock().values.pop_front() {
            return Poll::Ready(Some(value));
        }
        if let Progress::Running(running) = &mut self.progress
            && let Poll::Ready(result) = running.as_mut().poll(cx)
        {
            self.progress = Progress::Ended(result);
        }
        let ended = matches!(self.progress, Progress::Ended(_));
        let next = self.partials.lock().values.pop_front();
        match (next, ended) {
            (Some(value), _) => Poll::Ready(Some(value)),
            (None, true) => Poll::Ready(None),
            (None, false) => Poll::Pending,
        }
    }
}

impl fmt::Debug for CallStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallStream")
            .field("ended", &matches!(self.progress, Progress::Ended(_)))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn counting() -> CallStream {
        CallStream::new(|partials| async move {
            partials.push(json!(1));
            tokio::task::yield_now().await;
            partials.push(json!(2));
            partials.push(json!(3));
            Ok(json!("done"))
        })
    }

    #[tokio::test]
    async fn partial_results_come_before_the_result() {
        let mut call = counting();
        for n in 1..=3 {
            assert_eq!(call.next().await, Some(json!(n)));
        }
        assert_eq!(call.next().await, None);
        assert_eq!(call.next().await, None);
        assert_eq!(call.result().await.unwrap(), "done");
    }

    #[tokio::test]
    async fn the_result_does_not_need_the_partial_results_to_be_read() {
        assert_eq!(counting().result().await.unwrap(), "done");
        let mut call = counting();
        call.next().await;
        assert_eq!(call.result().await.unwrap(), "done");
    }

    #[test]
    fn a_call_travels_between_threads() {
        fn check<T: Send + Unpin>(_: &T) {}
        check(&counting());
    }
}
