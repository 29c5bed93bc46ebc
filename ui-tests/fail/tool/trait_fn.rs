//! A tool in a trait.

use mcp_mqtt::tool;

trait Sensor {
    /// Reads.
    #[tool]
    async fn read();
}

fn main() {}
