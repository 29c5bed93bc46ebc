//! A type without its derives, inside others.

use mcp_mqtt::tool;

struct Sensor;

/// Reads.
#[tool]
async fn read(_sensors: Vec<Option<Sensor>>) {}

fn main() {}
