//! An error that cannot be printed.

use mcp_mqtt::mcp_server;

struct MyErr;

#[mcp_server(name = "hello")]
async fn main() -> Result<(), MyErr> {
    Ok(())
}
