//! Doc comments as descriptions.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The documentation of an item or a parameter.
#[derive(Default)]
pub(crate) struct Docs(Vec<Part>);

enum Part {
    Text(String),
    /// `#[doc = include_str!("…")]` and the like: known to the compiler only.
    Expr(Expr),
}

impl Docs {
    /// Collects what `///`, `/** */` and `#[doc = …]` say.
    pub(crate) fn read(attrs: &[Attribute]) -> Self {
        let parts = attrs.iter().filter(|attr| attr.path().is_ident("doc"));
        let parts = parts.filter_map(|attr| match &attr.meta {
            Meta::NameValue(doc) => Some(match &doc.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Part::Text(unindent(&text.value())),
                value => Part::Expr(value.clone()),
            }),
            Meta::Path(_) | Meta::List(_) => None, // `#[doc(hidden)]`
        });
        Self(parts.collect())
    }

    /// Whether there is nothing to read.
    pub(crate) fn is_empty(&self) -> bool {
        self.0
            .iter()
            .all(|part| matches!(part, Part::Text(text) if text.trim().is_empty()))
    }

    /// The text, if it is known already.
    fn text(&self) -> Option<String> {
        let lines = self.0.iter().map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Expr(_) => None,
        });
        let lines: Option<Vec<&str>> = lines.collect();
        lines.map(|lines| lines.join("\n").trim().to_owned())
    }
}

/// An expression of type `&'static str`.
impl ToTokens for Docs {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        if let Some(text) = self.text() {
            return text.to_tokens(tokens);
        }
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.to_token_stream(),
            Part::Expr(expr) => expr.to_token_stream(),
        });
        tokens.extend(quote!(::core::concat!(#(#parts, "\n"),*).trim_ascii()));
    }
}

/// Takes away what the comment's layout adds: the space behind `///`, and in a block the indentation
/// or the column of stars.
fn unindent(text: &str) -> String {
    let Some((first, rest)) = text.split_once('\n') else {
        return text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned();
    };
    let filled = || rest.lines().filter(|line| !line.trim().is_empty());
    let stars = filled().all(|line| line.trim_start().starts_with('*'));
    let indent = |line: &str| line.len() - line.trim_start().len();
    let least = filled().map(indent).min().unwrap_or(0);
    let rest = rest.lines().map(|line| {
        if stars {
            let line = line.trim_start().trim_start_matches('*');
            line.strip_prefix(' ').unwrap_or(line).trim_end()
        } else {
            line.get(least..).unwrap_or("").trim_end()
        }
    });
    let lines: Vec<&str> = std::iter::once(first.trim()).chain(rest).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn text(item: &syn::ItemStruct) -> Option<String> {
        Docs::read(&item.attrs).text()
    }

    #[test]
    fn lines_lose_one_space_and_are_joined() {
        let item = parse_quote! {
            /// First.
            ///
            ///   - indented
            struct S;
        };
        assert_eq!(text(&item).as_deref(), Some("First.\n\n  - indented"));
    }

    #[test]
    fn a_block_loses_its_indentation_or_its_stars() {
        for block in [
            "\n     Reads.\n       - one\n     ",
            "*\n     * Reads.\n     *   - one\n     ",
        ] {
            let item = parse_quote!(#[doc = #block] struct S;);
            let text = text(&item).map(|text| text.trim_start_matches('*').trim().to_owned());
            assert_eq!(text.as_deref(), Some("Reads.\n  - one"));
        }
    }

    #[test]
    fn an_included_text_is_left_to_the_compiler() {
        let item: syn::ItemStruct = parse_quote! {
            /// Reads
            #[doc = include_str!("it.md")]
            struct S;
        };
        let docs = Docs::read(&item.attrs);
        assert!(!docs.is_empty());
        assert_eq!(
            docs.to_token_stream().to_string(),
            quote!(::core::concat!("Reads", "\n", include_str!("it.md"), "\n").trim_ascii())
                .to_string()
        );
    }

    #[test]
    fn blank_lines_and_doc_flags_are_nothing() {
        let item: syn::ItemStruct = parse_quote! {
            ///
            #[doc(hidden)]
            struct S;
        };
        assert!(Docs::read(&item.attrs).is_empty());
    }
}
