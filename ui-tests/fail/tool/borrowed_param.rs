//! Parameters that borrow.

use mcp_mqtt::tool;
use mcp_mqtt::tool::ToolContext;
use std::borrow::Cow;

/// Reads.
#[tool]
async fn read(
    name: &str,
    inside: Option<&str>,
    bytes: &[u8],
    context: &ToolContext,
    cow: Cow<'_, str>,
) {
}

fn main() {}

// mistakes: 5
