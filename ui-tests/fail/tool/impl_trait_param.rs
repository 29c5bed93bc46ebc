//! A parameter that is `impl Trait`.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read(name: impl Into<String>) {}

fn main() {}
