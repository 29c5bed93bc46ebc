//! The checked tool. Its only constructor checks; what exists can be emitted.

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Meta, Type, parse_quote};

use super::function;
use super::options::Options;
use super::param::Param;
use crate::docs::Docs;
use crate::errors::Errors;
use crate::item::Item;

/// All that the registration of a tool is written from.
pub(super) struct Spec {
    pub(super) options: Options,
    /// The function's own name.
    pub(super) ident: Ident,
    pub(super) docs: Docs,
    /// `#[cfg]`, and the user's `#[allow]`s: they hold for the registration as well.
    pub(super) attrs: Vec<Attribute>,
    pub(super) params: Vec<Param>,
    /// `None` for a function without `->`.
    pub(super) output: Option<Type>,
}

impl Spec {
    /// Checks everything and takes off the item what only the macro understands.
    ///
    /// Wrong keys fall back to their defaults; with a function that cannot be called there is no
    /// spec.
    pub(super) fn check(keys: TokenStream, item: &mut Item, errors: &mut Errors) -> Option<Self> {
        let docs = Docs::read(&item.attrs);
        let options = Options::check(keys, &item.sig.ident, &docs, errors);
        function::repeated(item, errors);
        let fits = function::check(item, errors);
        let params = Param::check_all(&mut item.sig, errors);
        Some(Self {
            options,
            ident: item.sig.ident.clone(),
            docs,
            attrs: item.attrs.iter().filter_map(shared).collect(),
            params: params.filter(|_| fits)?,
            output: function::output(&item.sig),
        })
    }
}

/// The attributes of the function that its registration shares.
fn shared(attr: &Attribute) -> Option<Attribute> {
    let path = attr.path();
    if path.is_ident("cfg") || path.is_ident("allow") {
        return Some(attr.clone());
    }
    if path.is_ident("deprecated") {
        return Some(parse_quote!(#[allow(deprecated)]));
    }
    match &attr.meta {
        // What is expected of the function need not be found in its registration.
        Meta::List(list) if path.is_ident("expect") => {
            let lints = &list.tokens;
            Some(parse_quote!(#[allow(#lints)]))
        }
        _ => None,
    }
}
