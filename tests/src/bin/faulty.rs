//! A server that cannot start: two tools of one name, and states that nobody sets.

use mcp_mqtt::prelude::*;

struct Database;

/// The first.
#[tool(name = "twin")]
async fn first(database: State<Database>) {
    drop(database);
}

/// The second.
#[tool(name = "twin")]
async fn second() {}

/// Needs what is not there.
#[tool]
async fn needy(database: State<Database>) {
    drop(database);
}

#[mcp_server(name = "faulty", namespace = "demo")]
async fn main() {}
