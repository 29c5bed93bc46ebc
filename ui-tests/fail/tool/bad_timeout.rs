//! Durations that are none.

use mcp_mqtt::tool;

/// Reads.
#[tool(timeout = "soon")]
async fn read() {}

/// Writes.
#[tool(timeout = "30")]
async fn write() {}

/// Waits.
#[tool(timeout = 30s)]
async fn wait() {}

/// Stops.
#[tool(timeout = "0s")]
async fn stop() {}

/// Goes.
#[tool(timeout = 30)]
async fn go() {}

fn main() {}

// mistakes: 5
