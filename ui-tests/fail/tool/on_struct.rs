//! `#[tool]` on something that is no function.

use mcp_mqtt::tool;

/// Reads.
#[tool]
pub struct Read;

fn main() {}
