//! A state that cannot be shared.

use mcp_mqtt::tool;
use mcp_mqtt::tool::State;
use std::cell::RefCell;

/// Reads.
#[tool]
async fn read(_db: State<RefCell<u8>>) {}

fn main() {}
