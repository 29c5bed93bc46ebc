//! Groups that cannot be.

use mcp_mqtt::tool;

/// Reads.
#[tool(allowed_callers = ["@", "@two words", "@ops/#", "@@ops", "@ops", "@ops"])]
async fn read() {}

fn main() {}

// mistakes: 5
