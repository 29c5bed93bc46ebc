//! `#[json]`: the derives of a parameter or result type, through the facade, so that its crate needs
//! neither serde nor schemars.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{LitStr, Path, parse_quote};

use crate::errors::Errors;
use crate::keys::Keys;

/// Expands `#[json]`.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut krate: Path = parse_quote!(::mcp_mqtt);
    for key in Keys::read(arguments, &["crate"], &mut errors) {
        krate = key.crate_path(&mut errors).unwrap_or(krate);
    }
    if let Some(other) = not_a_type(&item) {
        errors.at(
            other,
            "`#[json]` can only be applied to a `struct` or an `enum`",
        );
        return quote!(#item #errors);
    }
    let rt = quote!(#krate::__private);
    let serde = text(&quote!(#rt::serde));
    let schemars = text(&quote!(#rt::schemars));
    quote! {
        #errors
        #[derive(#rt::serde::Serialize, #rt::serde::Deserialize, #rt::schemars::JsonSchema)]
        #[serde(crate = #serde)]
        #[schemars(crate = #schemars)]
        #item
    }
}

fn text(path: &TokenStream) -> LitStr {
    LitStr::new(&path.to_string().replace(' ', ""), Span::mixed_site())
}

/// The first token that is no attribute and no visibility, unless it is `struct` or `enum`.
fn not_a_type(item: &TokenStream) -> Option<TokenStream> {
    let word = item.clone().into_iter().find(|token| match token {
        TokenTree::Ident(word) => word != "pub",
        TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })?;
    (word.to_string() != "struct" && word.to_string() != "enum").then(|| word.to_token_stream())
}
