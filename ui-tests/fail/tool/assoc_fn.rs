//! A tool in an `impl`: the macro cannot see that, so the compiler answers.

use mcp_mqtt::tool;

struct Sensor;

impl Sensor {
    /// Reads.
    #[tool]
    async fn read() {}
}

fn main() {}
