//! A mistake in the body is the compiler's own, unchanged.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read(n: u32) -> bool {
    n + 1
}

fn main() {}
