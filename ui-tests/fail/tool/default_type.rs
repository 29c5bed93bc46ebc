//! A default of another type, and of a type without one.

use mcp_mqtt::tool;

/// Where to.
#[mcp_mqtt::json]
struct Place;

fn three() -> u8 {
    3
}

/// Reads.
#[tool]
async fn read(#[serde(default = "three")] _n: bool, #[serde(default)] _place: Place) {}

fn main() {}

// mistakes: 2
