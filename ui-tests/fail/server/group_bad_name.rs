//! Names that no group can have.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", groups("two words" = ["alice"], "" = ["bob"], "@ops" = ["carol"], größe = ["dave"]))]
async fn main() {}

// mistakes: 4
