//! An attribute that schemars itself refuses.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read(#[schemars(rnge(min = 1))] _a: u8) {}

fn main() {}
