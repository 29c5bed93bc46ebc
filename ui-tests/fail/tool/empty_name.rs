//! Texts with nothing in them.

use mcp_mqtt::tool;

/// Reads.
#[tool(name = "", title = " ")]
async fn read() {}

#[tool(description = "")]
async fn write() {}

fn main() {}

// mistakes: 3
