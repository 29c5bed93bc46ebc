//! A key whose value stands in parentheses.

use mcp_mqtt::tool;

/// Reads.
#[tool(allowed_callers("scout"))]
async fn read() {}

fn main() {}
