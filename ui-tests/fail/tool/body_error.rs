//! A mistake in the body is the compiler's own, unchanged.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read(n: u32) -> String {
    n + 1
}

fn main() {}
