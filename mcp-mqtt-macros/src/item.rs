//! The annotated function: its attributes and signature parsed, its body left as it is.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt as _};
use syn::parse::discouraged::Speculative as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, Signature, Visibility};

/// An `fn`.
pub(crate) struct Item {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// `{ … }`, or `;` in a trait.
    pub(crate) body: TokenTree,
}

/// Why something is no `Item`.
pub(crate) enum NoItem {
    /// It is something else, which begins with this keyword.
    Other(TokenTree),
    /// It is an `fn` with a fault in its head.
    Fault(syn::Error),
}

impl Item {
    /// Reads an item; its body is not looked at.
    pub(crate) fn read(tokens: TokenStream) -> Result<Self, NoItem> {
        let fault = match syn::parse2(tokens.clone()) {
            Ok(item) => return Ok(item),
            Err(fault) => fault,
        };
        match keyword.parse2(tokens) {
            Ok(Some(token)) => Err(NoItem::Other(token)),
            Ok(None) | Err(_) => Err(NoItem::Fault(fault)),
        }
    }

    /// Takes the attributes away that `is` says.
    pub(crate) fn take_attrs(&mut self, is: impl Fn(&Attribute) -> bool) -> Vec<Attribute> {
        self.attrs.extract_if(.., |attr| is(attr)).collect()
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attrs: input.call(Attribute::parse_outer)?,
            vis: input.parse()?,
            sig: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attrs);
        self.vis.to_tokens(tokens);
        self.sig.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

/// The token an item that is no `fn` begins with, behind attributes and visibility.
fn keyword(input: ParseStream<'_>) -> syn::Result<Option<TokenTree>> {
    input.call(Attribute::parse_outer)?;
    input.parse::<Visibility>()?;
    let ahead = input.fork();
    let first: TokenTree = input.parse()?;
    let qualifiers = ["const", "async", "unsafe", "safe", "extern"];
    while let Ok(token) = ahead.parse::<TokenTree>() {
        match token {
            TokenTree::Ident(i) if i == "fn" => {
                input.advance_to(&ahead);
                input.parse::<TokenStream>()?;
                return Ok(None);
            }
            TokenTree::Ident(i) if qualifiers.iter().any(|q| i == q) => {}
            TokenTree::Literal(_) => {} // `extern "C"`
            _ => break,
        }
    }
    input.parse::<TokenStream>()?;
    Ok(Some(first))
}

/// Whether an attribute is this macro, by its last name: `#[tool]`, `#[mcp_mqtt::tool]`.
pub(crate) fn is_macro(attr: &Attribute, name: &str) -> bool {
    attr.path()
        .segments
        .last()
        .is_some_and(|segment| segment.ident == name)
}
