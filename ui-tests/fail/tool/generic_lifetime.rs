//! A tool with a lifetime.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read<'a>(value: String) {}

fn main() {}
