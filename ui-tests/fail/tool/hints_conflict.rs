//! Hints that contradict each other.

use mcp_mqtt::tool;

/// Reads.
#[tool(read_only, destructive)]
async fn read() {}

/// Writes.
#[tool(destructive = true, read_only = true)]
async fn write() {}

fn main() {}

// mistakes: 2
