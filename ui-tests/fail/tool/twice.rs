//! `#[tool]` twice on one function.

use mcp_mqtt::tool;

/// Reads.
#[tool(read_only)]
#[tool(idempotent)]
async fn read() {}

fn main() {}
