//! A result that is `impl Trait`.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read() -> impl Clone {
    1
}

fn main() {}
