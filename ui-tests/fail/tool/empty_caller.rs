//! A caller without a name.

use mcp_mqtt::tool;

/// Reads.
#[tool(allowed_callers = [""])]
async fn read() {}

fn main() {}
