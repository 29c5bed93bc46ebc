//! The user's own types may have the names of std's.
#![allow(dead_code)]

use mcp_mqtt::{json, tool};

struct Option;
struct Some;
struct None;
struct Result;
struct Ok;
struct Err;
struct String;
struct Vec;
struct Box;
struct ToolDef;
struct Param;
mod core {}
mod std {}
mod serde {}
mod schemars {}
trait Into {}
trait From {}

/// A number.
#[json]
struct Number {
    n: u8,
}

fn input() {}
fn three() -> u8 {
    3
}

/// Adds.
#[tool(allowed_callers = ["scout"], read_only, timeout = "1s", title = "T")]
async fn add(input: u8, #[serde(default = "three")] #[schemars(range(min = 1))] p0: u8, g: Number) -> Number {
    Number { n: input + p0 + g.n }
}

/// Has the name of a helper.
#[tool]
async fn take(__rt: u8, __p0: u8) -> u8 {
    __rt + __p0
}

// compiled and not run: it would serve
mod program {
    use mcp_mqtt::mcp_server;

    struct Setup;
    struct ServerInfo;

    #[mcp_server(name = "hello", namespace = "demo")]
    async fn main() {}
}

fn main() {
    input();
}
