//! What the function under `#[mcp_server]` must be.

use syn::{Attribute, FnArg, Type};

use crate::errors::Errors;
use crate::item::{Item, is_macro};

/// Takes attributes off `main` that cannot stand beside `#[mcp_server]`.
pub(super) fn beside(item: &mut Item, errors: &mut Errors) {
    for tool in item.take_attrs(|attr| is_macro(attr, "tool")) {
        errors.at(
            tool,
            "`main` cannot be a tool and the server at once\nhelp: put `#[tool]` on a function of its own",
        );
    }
    for again in item.take_attrs(|attr| is_macro(attr, "mcp_server")) {
        errors.at(
            again,
            "`#[mcp_server]` is given twice\nhelp: put all keys into one `#[mcp_server(…)]`",
        );
    }
    for runtime in item.take_attrs(is_runtime) {
        errors.at(
            runtime,
            "`#[mcp_server]` already starts a runtime\nhelp: remove this attribute",
        );
    }
}

/// `#[tokio::main]` and its like.
fn is_runtime(attr: &Attribute) -> bool {
    attr.path().segments.len() == 2 && is_macro(attr, "main")
}

/// The type of `main`'s parameter, if it has one; `None` if it cannot be called, and then the
/// errors say why.
pub(super) fn check(item: &Item, errors: &mut Errors) -> Option<Option<Type>> {
    let before = errors.len();
    let sig = &item.sig;
    if sig.asyncness.is_none() {
        errors.at(
            sig.fn_token,
            "`main` must be an `async fn`\nhelp: write `async fn main()`, and remove `#[tokio::main]` if it is there",
        );
    }
    if sig.ident != "main" {
        errors.at(
            &sig.ident,
            format_args!(
                "`#[mcp_server]` can only be applied to `main`\nhelp: rename `{}` to `main`, or call `Server::builder()` yourself",
                sig.ident
            ),
        );
    }
    if !sig.generics.params.is_empty() {
        errors.at(&sig.generics, "`main` must not be generic");
    } else if let Some(clause) = &sig.generics.where_clause {
        errors.at(clause.where_token, "`main` must not have a `where` clause");
    }
    let mut inputs = sig.inputs.iter();
    let param = match inputs.next() {
        Some(FnArg::Typed(param)) => Some((*param.ty).clone()),
        Some(FnArg::Receiver(receiver)) => {
            errors.at(receiver, "`main` must not take `self`");
            None
        }
        None => None,
    };
    if let Some(second) = inputs.next() {
        errors.at(
            second,
            "`main` takes nothing or a `Setup`\nhelp: read other things from the environment, in the body",
        );
    }
    (errors.len() == before).then_some(param)
}
