//! A tool that is not `async`.

use mcp_mqtt::tool;

/// Reads.
#[tool]
fn read() {}

fn main() {}
