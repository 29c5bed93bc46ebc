//! A `main` with a type parameter.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello")]
async fn main<T>() {}
