//! One call, from its arguments to its result.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::attempt::Request;
use super::observe;
use super::{CallError, CallStream, Client};
use crate::wire::{ArgumentFault, Arguments, TraceContext};

/// A call that is sent when it is awaited; made by [`Client::call`].
#[must_use = "a call does nothing unless it is awaited"]
pub struct Call<T = Value> {
    client: Client,
    tool: String,
    arguments: Result<Arguments, String>,
    timeout: Duration,
    retry: bool,
    trace: Option<TraceContext>,
    decode: fn(Value) -> Result<T, serde_json::Error>,
}

impl<T> Call<T> {
    pub(super) fn new(
        client: Client,
        tool: String,
        arguments: impl Serialize,
        decode: fn(Value) -> Result<T, serde_json::Error>,
    ) -> Self {
        Self {
            timeout: client.inner.timeout,
            retry: client.inner.retry,
            trace: None,
            client,
            tool,
            arguments: Arguments::new(&arguments),
            decode,
        }
    }

    /// How long to wait, from the start of the call to its response, instead of the client's
    /// default. The server is told and stops then, too.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether this call is sent again where that does no harm, instead of the client's
    /// [default](super::ClientBuilder::retry).
    pub fn retry(mut self, yes: bool) -> Self {
        self.retry = yes;
        self
    }

    /// Makes the call part of a trace; of none, if that is `None`. A tool that calls another one passes on
    /// [`ToolContext::trace_context`](crate::tool::ToolContext::trace_context).
    pub fn trace_context(mut self, trace: Option<&TraceContext>) -> Self {
        self.trace = trace.cloned();
        self
    }

    fn request(self, streamed: bool) -> Result<(Client, Request), CallError> {
        let arguments = self
            .arguments
            .map_err(|message| CallError::InvalidArguments {
                tool: self.tool.clone(),
                faults: vec![ArgumentFault::new("", message.clone())],
                message,
            })?;
        let request = Request {
            tool: self.tool,
            arguments,
            timeout: self.timeout,
            retry: self.retry,
            trace: self.trace,
            streamed,
        };
        Ok((self.client, request))
    }
}

impl Call<Value> {
    /// Asks for the tool's partial results as well.
    ///
    /// They come on the caller's inbox from servers that announce it in the tool's card, else on
    /// the stream topic of the call. Where the policy denies that topic there are none.
    ///
    /// On the inbox they are as private and as trustworthy as the result. Those on the stream topic
    /// are claims: the policy of the profile `reference` lets every caller of the tool read that
    /// topic, and on a broker without a policy anybody may publish there, with the id of the call
    /// that the topic shows. The result always comes on the inbox, whatever is sent there.
    pub fn streamed(self) -> CallStream {
        CallStream::new(move |partials| async move {
            let (client, request) = self.request(true)?;
            observe::run(&client.inner, request, Some(partials)).await
        })
    }
}

impl<T: 'static> IntoFuture for Call<T> {
    type Output = Result<T, CallError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let decode = self.decode;
        Box::pin(async move {
            let (client, request) = self.request(false)?;
            let tool = request.tool.clone();
            let value = observe::run(&client.inner, request, None).await?;
            decode(value).map_err(|source| CallError::BadResult { tool, source })
        })
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The arguments may be private.
        f.debug_struct("Call")
            .field("tool", &self.tool)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
