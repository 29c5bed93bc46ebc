//! The checked server. Its only constructor checks; what exists can be emitted.

use proc_macro2::{Ident, TokenStream};
use syn::{ReturnType, Type};

use super::main_fn;
use super::options::Options;
use crate::errors::Errors;
use crate::item::Item;

/// All that `main` is written from.
pub(super) struct Spec {
    pub(super) options: Options,
    /// `main`, at the user's place.
    pub(super) ident: Ident,
    /// The type of its parameter, if it has one.
    pub(super) param: Option<Type>,
    /// `None` without `->`.
    pub(super) output: Option<Type>,
}

impl Spec {
    /// Checks everything and takes off the item what must not stand on it twice.
    ///
    /// Wrong keys fall back to their defaults; with a function that cannot be called there is no
    /// spec.
    pub(super) fn check(keys: TokenStream, item: &mut Item, errors: &mut Errors) -> Option<Self> {
        let options = Options::check(keys, &item.sig.ident, errors);
        main_fn::beside(item, errors);
        let param = main_fn::check(item, errors)?;
        Some(Self {
            options,
            ident: item.sig.ident.clone(),
            param,
            output: match &item.sig.output {
                ReturnType::Default => None,
                ReturnType::Type(_, ty) => Some((**ty).clone()),
            },
        })
    }
}
