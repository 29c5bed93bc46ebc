//! A group that is almost one of those defined, and one that is like none.

use mcp_mqtt::mcp_server;

#[mcp_server(name = "hello", groups(ops = ["alice"], readers = ["bob"]), default_callers = ["@opps", "@zebras", "dave"])]
async fn main() {}

// mistakes: 2
