//! The parameters, checked. What their attributes say is in `attributes`.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt as _;
use syn::{FnArg, Pat, PatType, Signature, Type};

use super::attributes::Attributes;
use crate::docs::Docs;
use crate::errors::Errors;
use crate::types;

/// A parameter that can be taken from a call.
pub(super) struct Param {
    /// Its name, or a stand-in for a pattern.
    pub(super) ident: Ident,
    /// Where the pattern is, if there is no name: only the compiler knows whether it needs one.
    pub(super) pattern: Option<Span>,
    pub(super) ty: Type,
    /// The name of the JSON property.
    pub(super) property: String,
    pub(super) docs: Docs,
    pub(super) attributes: Attributes,
}

impl Param {
    /// Checks all parameters and takes off them what only the macro understands.
    pub(super) fn check_all(sig: &mut Signature, errors: &mut Errors) -> Option<Vec<Self>> {
        let tool = sig.ident.unraw().to_string();
        let mut params: Vec<Self> = Vec::new();
        let mut all = true;
        for input in &mut sig.inputs {
            // `self` is refused elsewhere.
            let FnArg::Typed(input) = input else { continue };
            let docs = Docs::read(&input.attrs);
            let attributes = Attributes::take(&mut input.attrs, errors);
            match Self::check(input, docs, attributes, &tool, errors) {
                Some(param) => {
                    param.unlike(&params, &tool, errors);
                    params.push(param);
                }
                None => all = false,
            }
        }
        all.then_some(params)
    }

    fn check(
        input: &PatType,
        docs: Docs,
        attributes: Attributes,
        tool: &str,
        errors: &mut Errors,
    ) -> Option<Self> {
        let (ident, pattern) = match &*input.pat {
            Pat::Ident(name) => (name.ident.clone(), None),
            Pat::Wild(wildcard) => {
                errors.at(
                    wildcard,
                    format_args!(
                        "parameter of tool `{tool}` needs a name, because it becomes a JSON property\nhelp: name it, such as `_unused`"
                    ),
                );
                return None;
            }
            pattern => {
                let (at, _) = types::ends(pattern);
                let named = attributes.rename.is_some();
                (
                    Ident::new("pattern", Span::mixed_site()),
                    (!named).then_some(at),
                )
            }
        };
        let name = ident.unraw().to_string();
        if let Some(borrow) = types::borrow(&input.ty) {
            let help = borrow.instead;
            errors.at(
                borrow.at,
                format_args!(
                    "parameter `{name}` of tool `{tool}` must be owned: arguments are decoded from JSON\nhelp: {help}"
                ),
            );
            return None;
        }
        if types::has_impl(&input.ty) {
            errors.at(
                &input.ty,
                format_args!(
                    "parameter `{name}` of tool `{tool}` must be a concrete, owned type: its JSON Schema is fixed at compile time\nhelp: name the type, such as `String` instead of `impl Into<String>`"
                ),
            );
            return None;
        }
        Some(Self {
            pattern,
            ty: (*input.ty).clone(),
            property: attributes.rename.as_ref().map_or(name, syn::LitStr::value),
            ident,
            docs,
            attributes,
        })
    }

    /// Refuses a name that another parameter has.
    fn unlike(&self, others: &[Self], tool: &str, errors: &mut Errors) {
        if self.pattern.is_some() {
            return; // no JSON, or refused by the compiler
        }
        let others = || others.iter().filter(|other| other.pattern.is_none());
        let taken = |name: &str| {
            let is = |alias: &syn::LitStr| alias.value() == name;
            others().any(|o| o.property == name || o.attributes.aliases.iter().any(is))
        };
        let own = self
            .attributes
            .aliases
            .iter()
            .map(|alias| (alias.value(), alias.span()));
        let rename = self.attributes.rename.as_ref();
        let at = rename.map_or_else(|| self.ident.span(), syn::LitStr::span);
        for (name, span) in std::iter::once((self.property.clone(), at)).chain(own) {
            if taken(&name) {
                errors.span(
                    span,
                    format_args!("tool `{tool}` has two parameters with the JSON name `{name}`"),
                );
            }
        }
    }
}
