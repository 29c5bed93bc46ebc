//! A parameter without a name.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read(_: String) {}

fn main() {}
