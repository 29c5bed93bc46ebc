//! A path that means something else in each module.

use mcp_mqtt::tool;

/// Reads.
#[tool(crate = mcp_mqtt)]
async fn read() {}

fn main() {}
