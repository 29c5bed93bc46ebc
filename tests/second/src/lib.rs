//! Tools in a crate of their own. Nothing here is called by name: whoever writes
//! `use mcp_mqtt_tests_second as _;` has them.

mod inner;

use mcp_mqtt::tool;

/// Doubles a number.
#[tool(allowed_callers = ["scout"])]
async fn double(n: i32) -> i64 {
    i64::from(n) * 2
}
