//! Expansions name everything by an absolute path.
#![no_implicit_prelude]

// Schemars' own derive needs it, on a type with a comment.
use ::std::convert::Into as _;

/// Takes one of everything.
#[::mcp_mqtt::tool(allowed_callers = ["scout"], title = "T", timeout = "1s", read_only)]
async fn everything(
    /// A text.
    #[serde(default)]
    #[schemars(length(max = 3))]
    text: ::std::string::String,
    #[serde(default, alias = "m")] maybe: ::std::option::Option<Place>,
    context: ::mcp_mqtt::tool::ToolContext,
) -> ::std::result::Result<Place, ::mcp_mqtt::tool::ToolError> {
    let _ = (text, maybe, context);
    ::std::result::Result::Ok(Place { name: ::std::string::String::new() })
}

/// A place.
#[::mcp_mqtt::json]
pub struct Place {
    name: ::std::string::String,
}

/// Gives nothing.
#[::mcp_mqtt::tool]
async fn nothing() {}

#[allow(dead_code)] // compiled and not run: it would serve
mod program {
    #[::mcp_mqtt::mcp_server(name = "hello", default_callers = ["scout", "@ops"], groups(ops = ["alice"]))]
    async fn main(setup: ::mcp_mqtt::server::Setup) -> ::mcp_mqtt::server::Setup {
        setup
    }
}

fn main() {}
