//! A key that does not exist; the misspelt name is not missing as well.

use mcp_mqtt::mcp_server;

#[mcp_server(nmae = "hello")]
async fn main() {}
