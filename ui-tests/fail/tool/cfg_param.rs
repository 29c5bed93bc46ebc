//! A parameter that is there at times.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read(#[cfg(unix)] path: String) {}

fn main() {}
