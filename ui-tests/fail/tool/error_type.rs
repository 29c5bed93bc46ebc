//! An error type that is no error.

use mcp_mqtt::tool;

struct MyErr;

/// Reads.
#[tool]
async fn read() -> Result<u8, MyErr> {
    Err(MyErr)
}

fn main() {}
