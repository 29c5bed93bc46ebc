//! `#[tool]`: keys and function as written → checked [`Spec`] → tokens.

mod attributes;
mod callers;
mod concurrency;
mod emit;
mod function;
mod options;
mod param;
mod spec;
mod timeout;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};

use crate::errors::Errors;
use crate::item::{Item, NoItem};

pub(crate) use callers::{callers, members};
use spec::Spec;

/// Expands `#[tool]`. Whatever is wrong, the user's item is emitted, so that nothing else breaks.
pub(crate) fn expand(arguments: TokenStream, tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut item = match Item::read(tokens.clone()) {
        Ok(item) => item,
        Err(NoItem::Other(keyword)) => {
            errors.at(keyword, "`#[tool]` can only be applied to an `async fn`");
            return quote!(#tokens #errors);
        }
        Err(NoItem::Fault(fault)) => {
            errors.push(fault);
            return quote!(#tokens #errors);
        }
    };
    // Takes off the function what only this macro understands.
    let Some(spec) = Spec::check(arguments, &mut item, &mut errors) else {
        return quote!(#[allow(unused)] #item #errors);
    };
    let user = emit::user(&item);
    let registration = spec.to_token_stream();
    let quiet = (errors.len() > 0).then(|| quote!(#[allow(unused)]));
    quote!(#quiet #user #registration #errors)
}
