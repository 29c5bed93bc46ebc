//! Keys without their values.

use mcp_mqtt::tool;

/// Reads.
#[tool(name, timeout, concurrency, allowed_callers, title = )]
async fn read() {}

fn main() {}

// mistakes: 5
