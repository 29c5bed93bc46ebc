//! Two parameters with one name in JSON.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read(
    path: String,
    #[serde(rename = "path")] other: String,
    #[serde(alias = "path")] third: String,
) {
}

fn main() {}

// mistakes: 2
