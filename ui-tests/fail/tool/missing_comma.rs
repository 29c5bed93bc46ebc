//! Keys that are not separated.

use mcp_mqtt::tool;

/// Reads.
#[tool(name = "read" title = "Reader")]
async fn read() {}

/// Writes.
#[tool(read_only idempotent)]
async fn write() {}

fn main() {}

// mistakes: 2
