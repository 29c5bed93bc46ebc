//! What can be seen of a call from outside: its span and its counters.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::attempt::{self, Request};
use super::error::CallError;
use super::stream::Partials;
use super::{Inner, shared::Shared};
use crate::meter::Ended;

/// Makes the call. Dropping the future gives it up.
pub(super) async fn run(
    client: &Arc<Inner>,
    request: Request,
    partials: Option<Partials>,
) -> Result<Value, CallError> {
    let span = span(&request);
    let mut watch = Watch::begin(&client.shared);
    let making = attempt::run(client, request, partials, &span);
    let result = making.instrument(span.clone()).await;
    watch.ended = ended(&result);
    if let Err(error) = &result {
        span.record("error.type", watch.ended.word());
        span.record("otel.status_code", "ERROR");
        span.record("error", tracing::field::display(error));
    }
    result
}

/// The span of a call, with the names of OpenTelemetry's conventions for MCP where these have one.
fn span(request: &Request) -> Span {
    tracing::debug_span!(
        target: "mcp_mqtt::call",
        "mcp.call",
        otel.kind = "client",
        otel.status_code = Empty,
        mcp.method.name = "tools/call",
        gen_ai.tool.name = ?request.tool,
        server = Empty,
        attempts = Empty,
        traceparent = request.trace.as_ref().map(|trace| trace.parent()),
        error.type = Empty,
        error = Empty,
    )
}

/// Counts a call, however it ends.
struct Watch<'a> {
    shared: &'a Shared,
    since: Instant,
    ended: Ended,
}

impl<'a> Watch<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.meter.begins();
        Self {
            shared,
            since: Instant::now(),
            ended: Ended::GivenUp,
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.shared.meter.ends(self.ended, self.since);
    }
}

fn ended(result: &Result<Value, CallError>) -> Ended {
    let Err(error) = result else {
        return Ended::Ok;
    };
    match error {
        CallError::Unauthorized { .. } => Ended::Unauthorized,
        CallError::Unavailable { .. } => Ended::Unavailable,
        CallError::Timeout { .. } => Ended::Timeout,
        CallError::InvalidArguments { .. } => Ended::InvalidArguments,
        CallError::Tool { .. } => Ended::ToolError,
        CallError::ServerDied { .. } => Ended::ServerDied,
        CallError::Connection { .. } => Ended::Connection,
        CallError::NotTaken { .. } => Ended::NotTaken,
        CallError::BadResponse { .. } | CallError::BadResult { .. } => Ended::BadResponse,
        CallError::TooLarge { .. }
        | CallError::TooManyPending { .. }
        | CallError::NoRandomness { .. }
        | CallError::InvalidName { .. } => Ended::NotSent,
    }
}
