//! `#[mcp_server]`: keys and `main` as written → checked [`Spec`] → tokens.

mod emit;
mod groups;
mod main_fn;
mod options;
mod spec;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::item::{Item, NoItem};
use spec::Spec;

/// Expands `#[mcp_server]`. Whatever is wrong, there is a `main`, so that nothing else breaks.
pub(crate) fn expand(arguments: TokenStream, tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut item = match Item::read(tokens.clone()) {
        Ok(item) => item,
        Err(NoItem::Other(keyword)) => {
            errors.at(
                keyword,
                "`#[mcp_server]` can only be applied to `async fn main`",
            );
            return quote!(#tokens #[allow(unused)] fn main() {} #errors);
        }
        Err(NoItem::Fault(fault)) => {
            errors.push(fault);
            return quote!(#tokens #errors);
        }
    };
    let spec = Spec::check(arguments, &mut item, &mut errors);
    let main = match spec {
        Some(spec) => emit::main(&spec, item),
        None => emit::stand_in(&item),
    };
    quote!(#main #errors)
}
