//! Numbers of calls that are none.

use mcp_mqtt::tool;

/// Reads.
#[tool(concurrency = 0)]
async fn read() {}

/// Writes.
#[tool(concurrency = "4")]
async fn write() {}

/// Waits.
#[tool(concurrency = -1)]
async fn wait() {}

/// Stops.
#[tool(concurrency = 1.5)]
async fn stop() {}

/// Goes.
#[tool(require_verified = "yes")]
async fn go() {}

fn main() {}

// mistakes: 5
