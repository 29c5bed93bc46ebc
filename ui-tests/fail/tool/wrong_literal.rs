//! Values of the wrong kind.

use mcp_mqtt::tool;

/// Reads.
#[tool(
    name = 1,
    title = concat!("a", "b"),
    version = 2.0,
    read_only = "yes",
    allowed_callers = "scout",
    crate = "mcp_mqtt"
)]
async fn read() {}

/// Writes.
#[tool(allowed_callers = ["scout", 7])]
async fn write() {}

fn main() {}

// mistakes: 7
