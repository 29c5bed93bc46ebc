//! A caller listed twice.

use mcp_mqtt::tool;

/// Reads.
#[tool(allowed_callers = ["scout", "analyst", "scout"])]
async fn read() {}

fn main() {}
