//! A tool with a `where` clause alone.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read()
where
    String: Clone,
{
}

fn main() {}
