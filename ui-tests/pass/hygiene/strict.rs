//! No lint of a strict user fires in what the macros write.
#![forbid(unsafe_code)]
#![deny(
    missing_docs,
    unused,
    unused_qualifications,
    unreachable_pub,
    single_use_lifetimes,
    unused_lifetimes,
    unused_results,
    trivial_casts,
    elided_lifetimes_in_paths,
    let_underscore_drop,
    missing_debug_implementations,
    non_ascii_idents,
    deprecated,
    future_incompatible,
    nonstandard_style,
    rust_2018_idioms,
    warnings,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::panic
)]

use mcp_mqtt::tool::{State, ToolContext};
use mcp_mqtt::{json, tool};

/// A place.
#[json]
#[derive(Debug)]
pub struct Place {
    /// Its name.
    pub name: String,
}

/// Goes to a place.
///
/// # Errors
///
/// When it is too far.
#[tool(read_only, allowed_callers = ["scout"], timeout = "1s")]
pub async fn go(
    /// Where to.
    place: Place,
    #[serde(default)]
    #[schemars(range(min = 1))]
    speed: Option<u8>,
    #[allow(unused_variables)] unused: u8,
    State(limit): State<u8>,
    context: ToolContext,
) -> Result<Place, std::fmt::Error> {
    if speed > Some(*limit) || context.caller().name().is_empty() {
        return Err(std::fmt::Error);
    }
    Ok(place)
}

/// Takes many flags, by value and without awaiting anything.
#[tool]
#[allow(clippy::fn_params_excessive_bools)]
async fn many(
    up: bool,
    down: bool,
    left: bool,
    right: bool,
    to: String,
    by: u8,
    from: u8,
    at: u8,
) -> usize {
    let flags = [up, down, left, right].into_iter().filter(|flag| *flag);
    flags.count() + to.len() + usize::from(by + from + at)
}

/// Old.
#[tool]
#[deprecated]
async fn old() {}

#[allow(deprecated)]
mod older {
    /// Older.
    #[deprecated]
    #[mcp_mqtt::json]
    #[derive(Debug)]
    pub(crate) struct Older;
}

/// Takes something old.
#[tool]
#[allow(deprecated)]
async fn takes_old(_older: older::Older) {}

#[allow(dead_code)] // compiled and not run: it would serve
mod program {
    use mcp_mqtt::mcp_server;

    #[mcp_server(name = "hello")]
    async fn main() -> Result<(), std::fmt::Error> {
        Ok(())
    }
}

fn main() {}
