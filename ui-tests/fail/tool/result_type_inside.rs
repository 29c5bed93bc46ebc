//! A result type without its derives, in a `Result`.

use mcp_mqtt::tool;
use mcp_mqtt::tool::ToolError;

struct Reading;

/// Reads.
#[tool]
async fn read() -> Result<Vec<Reading>, ToolError> {
    Ok(vec![])
}

fn main() {}
