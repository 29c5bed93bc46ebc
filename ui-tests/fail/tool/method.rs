//! A tool with a receiver.

use mcp_mqtt::tool;

struct Sensor;

impl Sensor {
    /// Reads.
    #[tool]
    async fn read(&self) {}
}

fn main() {}
