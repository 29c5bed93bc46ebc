//! A pattern where a JSON property needs a name.

use mcp_mqtt::tool;

/// Adds.
#[tool]
async fn add((a, b): (u8, u8)) -> u8 {
    a + b
}

fn main() {}
