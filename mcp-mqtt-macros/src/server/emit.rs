//! `main` of a checked server: one call, with the user's function inside. Cannot fail.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};

use super::groups::Group;
use super::spec::Spec;
use crate::item::Item;
use crate::types::ends;

/// The program's `main`, with the user's function inside it, unchanged.
pub(super) fn main(spec: &Spec, item: Item) -> TokenStream {
    let Item {
        attrs, sig, body, ..
    } = item;
    let krate = &spec.options.krate;
    let info = info(spec);
    let start = start(spec);
    quote! {
        #(#attrs)*
        fn main() -> ::std::process::ExitCode {
            use #krate::__private as __rt;
            #[allow(clippy::unused_async)]
            #sig #body
            #info
            #start
        }
    }
}

/// A `main` for a function that cannot be one.
pub(super) fn stand_in(item: &Item) -> TokenStream {
    if item.sig.ident == "main" {
        quote!(#[allow(unused)] fn main() { #item })
    } else {
        quote!(#[allow(unused)] #item #[allow(unused)] fn main() {})
    }
}

fn info(spec: &Spec) -> TokenStream {
    let options = &spec.options;
    let some = |value: Option<TokenStream>| match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    };
    let text = |value: &Option<syn::LitStr>| {
        value
            .as_ref()
            .map_or_else(|| quote!(""), |value| value.to_token_stream())
    };
    let name = text(&options.name);
    let description = text(&options.description);
    let namespace = some(
        options
            .namespace
            .as_ref()
            .map(|value| value.to_token_stream()),
    );
    let version = options.version.as_ref().map_or_else(
        || quote!(::core::env!("CARGO_PKG_VERSION")),
        |version| version.to_token_stream(),
    );
    let callers = some(
        options
            .default_callers
            .as_ref()
            .map(|callers| quote!(&[#(#callers),*])),
    );
    let groups = options.groups.iter().flatten().map(|group| {
        let Group { name, members } = group;
        quote!((#name, &[#(#members),*]))
    });
    quote! {
        const __INFO: __rt::ServerInfo = __rt::ServerInfo {
            name: #name,
            namespace: #namespace,
            version: #version,
            description: #description,
            default_callers: #callers,
            groups: &[#(#groups),*],
        };
    }
}

/// The call. What the compiler checks carries the user's place, as in `tool::emit`.
fn start(spec: &Spec) -> TokenStream {
    let ident = &spec.ident;
    let (output, (first, last)) = match &spec.output {
        Some(ty) => (ty.to_token_stream(), ends(ty)),
        None => {
            let at = ident.span();
            (quote_spanned!(at=> ()), (at, at))
        }
    };
    let open = quote_spanned!(first=> <);
    let Some(param) = &spec.param else {
        let close = quote_spanned!(last=> as __rt::MainReturn<()>>::MAIN);
        return quote!(#open #output #close.start(__INFO, #ident));
    };
    // Not `__rt::Setup`: at the user's place rustc would call it needlessly qualified where `Setup` is imported.
    let close = quote_spanned!(last=> as __rt::MainReturn<__Setup>>::MAIN);
    let (first, last) = ends(param);
    let give = {
        let open = quote_spanned!(first=> <);
        let close = quote_spanned!(last=> as __rt::MainParam>::GIVE);
        quote!(#open #param #close)
    };
    let setup = Ident::new("setup", Span::mixed_site());
    quote! {
        type __Setup = __rt::Setup;
        const __GIVE: fn(__Setup) -> #param = #give;
        #open #output #close.start_with(__INFO, |#setup| #ident(__GIVE(#setup)))
    }
}
