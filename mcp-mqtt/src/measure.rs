//! A call from its payload to its response in one function, for benchmarks: neither broker nor tables, so that what
//! is left is reading, looking up, checking, running and writing.

use crate::tool::{Registry, StateMap, ToolContext};
use crate::wire::{CallRequest, Namespace, Topic};

/// The payload of the response to a call of `payload` on `topic`; `None` if that has no result.
pub async fn answer(
    namespace: &Namespace,
    registry: &Registry,
    topic: &str,
    payload: &[u8],
) -> Option<Vec<u8>> {
    let Topic::Call { tool, caller } = namespace.parse(topic)? else {
        return None;
    };
    let tool = registry.get(tool)?;
    let request = CallRequest::parse(payload, tool.name()).ok()?;
    let context = ToolContext::detached(caller.or(request.client.as_deref())?);
    let running = tool.invoke(request.arguments, context, &StateMap::default());
    let output = running.ok()?.await.ok()?;
    Some(output.response(&request.call_id, 0))
}
