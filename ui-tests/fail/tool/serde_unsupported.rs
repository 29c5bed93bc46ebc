//! Attributes of serde that are about structs, and wrong values.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read(
    #[serde(flatten)] a: u8,
    #[serde(skip, default)] b: u8,
    #[serde(rename = "")] c: u8,
    #[serde(default = "not a path")] d: u8,
    #[serde(rename = "x", rename = "y")] e: u8,
    #[serde] f: u8,
) {
}

fn main() {}

// mistakes: 6
