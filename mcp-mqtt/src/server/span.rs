//! The span that a tool runs in.

use tracing::Span;
use tracing::field::Empty;

use super::running_call::RunningCall;
use super::shared::Shared;
use crate::wire::{ErrorBody, TraceContext};

/// The span of a call, with the names of OpenTelemetry's conventions for MCP where these have one.
pub(super) fn of(call: &RunningCall, shared: &Shared) -> Span {
    let context = &call.context;
    let trace = || context.trace_context();
    tracing::debug_span!(
        target: "mcp_mqtt::call",
        "mcp.call",
        otel.kind = "server",
        otel.status_code = Empty,
        mcp.method.name = "tools/call",
        gen_ai.tool.name = call.tool.name(),
        caller = context.caller().name(),
        verified = context.caller().is_verified(),
        // It may hold anything.
        call_id = ?context.call_id(),
        instance = shared.instance.name,
        traceparent = trace().map(TraceContext::parent),
        tracestate = trace().and_then(TraceContext::state),
        error.type = Empty,
    )
}

/// Notes in the span how the call ended.
pub(super) fn ended<T>(span: &Span, outcome: &Result<T, ErrorBody>) {
    if let Err(error) = outcome {
        span.record("error.type", error.kind.as_str());
        span.record("otel.status_code", "ERROR");
    }
}
