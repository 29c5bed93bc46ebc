//! Tools that are `unsafe` and `extern`.

use mcp_mqtt::tool;

/// Reads.
#[tool]
async unsafe fn read() {}

/// Writes.
#[tool]
async extern "C" fn write() {}

fn main() {}

// mistakes: 2
