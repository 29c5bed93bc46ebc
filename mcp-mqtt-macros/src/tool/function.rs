//! What the function itself must be, its parameters aside.

use proc_macro2::TokenTree;
use quote::ToTokens as _;
use syn::{FnArg, ReturnType, Safety, Signature, Type};

use crate::errors::Errors;
use crate::item::{Item, is_macro};
use crate::types;

/// Takes macros of ours off the function that stand on it beside this one.
pub(super) fn repeated(item: &mut Item, errors: &mut Errors) {
    let ident = item.sig.ident.clone();
    for again in item.take_attrs(|attr| is_macro(attr, "tool")) {
        errors.at(
            again,
            format_args!(
                "`#[tool]` is given twice on `{ident}`\nhelp: put all keys into one `#[tool(…)]`"
            ),
        );
    }
    for server in item.take_attrs(|attr| is_macro(attr, "mcp_server")) {
        errors.at(
            server,
            format_args!(
                "`{ident}` cannot be a tool and the server at once\nhelp: put `#[mcp_server(…)]` on a function `main` of its own"
            ),
        );
    }
}

/// Whether the function can be called by the runtime; if not, the errors say why.
pub(super) fn check(item: &Item, errors: &mut Errors) -> bool {
    let before = errors.len();
    let sig = &item.sig;
    let name = &sig.ident;
    if sig.asyncness.is_none() {
        errors.at(
            sig.fn_token,
            format_args!("tool `{name}` must be an `async fn`\nhelp: write `async fn {name}(..)`"),
        );
    }
    if let Safety::Unsafe(token) = &sig.safety {
        errors.at(token, format_args!("tool `{name}` must not be `unsafe`"));
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, format_args!("tool `{name}` must not be `extern`"));
    }
    generics(sig, errors);
    receiver(sig, errors);
    if let ReturnType::Type(_, ty) = &sig.output
        && types::has_impl(ty)
    {
        errors.at(
            ty,
            format_args!(
                "the result of tool `{name}` must be a concrete type: its JSON Schema is fixed at compile time\nhelp: name the type, such as `String` instead of `impl Display`"
            ),
        );
    }
    if let TokenTree::Punct(semicolon) = &item.body {
        errors.at(
            semicolon.to_token_stream(),
            format_args!("tool `{name}` must have a body\nhelp: `#[tool]` registers free functions; take it off the trait"),
        );
    }
    errors.len() == before
}

fn generics(sig: &Signature, errors: &mut Errors) {
    let name = &sig.ident;
    let what = format!(
        "tool `{name}` must not be generic: its JSON Schema is fixed at compile time\nhelp: write a tool for each type"
    );
    if !sig.generics.params.is_empty() {
        // One mistake, even if a `where` clause belongs to it.
        errors.at(sig.generics.to_token_stream(), what);
    } else if let Some(clause) = &sig.generics.where_clause {
        errors.at(clause.where_token, what);
    }
}

fn receiver(sig: &Signature, errors: &mut Errors) {
    let name = &sig.ident;
    if let Some(FnArg::Receiver(receiver)) = sig.inputs.first() {
        errors.at(
            receiver,
            format_args!(
                "tool `{name}` must not take `self`; `#[tool]` registers free functions\nhelp: take shared state as `State<T>`"
            ),
        );
    }
}

/// The type behind `->`.
pub(super) fn output(sig: &Signature) -> Option<Type> {
    match &sig.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some((**ty).clone()),
    }
}
