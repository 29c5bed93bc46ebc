//! A tool that does not say what it is for.

use mcp_mqtt::tool;

#[tool]
async fn read() {}

///
#[tool]
async fn write() {}

fn main() {}

// mistakes: 2
