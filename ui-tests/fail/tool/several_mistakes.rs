//! All mistakes are reported at once, one block each.

use mcp_mqtt::tool;

#[tool(nmae = "x", timeout = "soon")]
async fn read(name: &str, _: u8) {}

fn main() {}

// mistakes: 5
