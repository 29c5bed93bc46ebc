//! A key given twice.

use mcp_mqtt::tool;

/// Reads.
#[tool(name = "read", read_only, name = "other")]
async fn read() {}

fn main() {}
