//! A tool with a type parameter, which its bound belongs to.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async fn read<T>(value: T)
where
    T: Clone,
{
}

fn main() {}
