//! A parameter type without its derives.

use mcp_mqtt::tool;

struct Sensor;

/// Reads.
#[tool]
async fn read(_sensor: Sensor) {}

fn main() {}
