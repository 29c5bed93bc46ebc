//! A result type without its derives.

use mcp_mqtt::tool;

struct Reading;

/// Reads.
#[tool]
async fn read() -> Reading {
    Reading
}

fn main() {}
