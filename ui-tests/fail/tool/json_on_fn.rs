//! `#[json]` on something that is no type.

use mcp_mqtt::json;

#[json]
pub fn read() {}

fn main() {}
