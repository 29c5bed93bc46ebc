//! A key that `#[json]` does not have.

use mcp_mqtt::json;

#[json(rename_all = "lowercase")]
pub struct Reading {
    value: u8,
}

fn main() {}
