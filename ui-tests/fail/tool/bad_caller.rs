//! Callers that would change what a broker rule means.

use mcp_mqtt::tool;

/// Reads.
#[tool(allowed_callers = ["ops/#", "+", "two words", "scout-sub"])]
async fn read() {}

fn main() {}

// mistakes: 4
