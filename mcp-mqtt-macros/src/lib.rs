//! The attribute macros of [`mcp-mqtt`]. Use them through that crate, which documents them: the code
//! they write names its runtime. Entry points only.
//!
//! [`mcp-mqtt`]: https://docs.rs/mcp-mqtt

mod docs;
mod errors;
#[allow(
    unreachable_pub,
    reason = "the file stands in two crates, public in the other"
)]
mod grammar;
mod item;
mod json;
mod keys;
mod server;
mod suggest;
mod tool;
mod types;
mod value;

use proc_macro::TokenStream;

/// Makes an `async fn` a tool. Documented in `mcp-mqtt`.
#[proc_macro_attribute]
pub fn tool(arguments: TokenStream, item: TokenStream) -> TokenStream {
    tool::expand(arguments.into(), item.into()).into()
}

/// Makes `async fn main` a server. Documented in `mcp-mqtt`.
#[proc_macro_attribute]
pub fn mcp_server(arguments: TokenStream, item: TokenStream) -> TokenStream {
    server::expand(arguments.into(), item.into()).into()
}

/// Derives what a type needs to be a parameter or a result. Documented in `mcp-mqtt`.
#[proc_macro_attribute]
pub fn json(arguments: TokenStream, item: TokenStream) -> TokenStream {
    json::expand(arguments.into(), item.into()).into()
}
