//! Attributes of schemars that are about structs.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read(
    #[schemars(rename = "b")] a: u8,
    #[schemars(skip)] c: u8,
    #[schemars(range(min = 1), flatten)] d: u8,
) {
}

fn main() {}

// mistakes: 3
