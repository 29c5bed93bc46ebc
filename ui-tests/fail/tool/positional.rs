//! A value without a key.

use mcp_mqtt::tool;

/// Reads.
#[tool("read")]
async fn read() {}

fn main() {}
