//! Keys that do not exist; the misspelt description is not missing as well.

use mcp_mqtt::tool;

#[tool(descripton = "Reads")]
async fn read() {}

/// Writes.
#[tool(callers = ["scout"], retry)]
async fn write() {}

fn main() {}

// mistakes: 3
