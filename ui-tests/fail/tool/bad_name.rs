//! Names that a topic cannot hold.

use mcp_mqtt::tool;

/// Reads.
#[tool(name = "read temp")]
async fn read() {}

/// Writes.
#[tool(name = "write/#")]
async fn write() {}

/// Measures.
#[tool]
async fn größe() {}

/// Waits.
#[tool(name = "a23456789_a23456789_a23456789_a23456789_a23456789_a23456789_a2345")]
async fn wait() {}

fn main() {}

// mistakes: 4
