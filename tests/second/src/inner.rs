//! A private module has tools as well.

use mcp_mqtt::tool;

/// Halves a number.
#[tool(allowed_callers = ["scout"])]
async fn halve(n: i32) -> i32 {
    n / 2
}
