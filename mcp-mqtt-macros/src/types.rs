//! What can be seen of a type without knowing what its names stand for.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Type;

/// The first and the last place of some tokens.
///
/// An error on stable Rust covers several tokens only if the expression it is about begins and ends
/// at them.
pub(crate) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut tokens = tokens.to_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |t| t.span());
    (first, tokens.last().map_or(first, |t| t.span()))
}

/// A borrow inside a type, and what to write instead.
pub(crate) struct Borrow {
    pub(crate) at: TokenStream,
    pub(crate) instead: String,
}

/// The first `&` or lifetime other than `'static` in a type.
pub(crate) fn borrow(ty: &Type) -> Option<Borrow> {
    borrow_in(ty.to_token_stream())
}

fn borrow_in(tokens: TokenStream) -> Option<Borrow> {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Group(group) => {
                if let Some(found) = borrow_in(group.stream()) {
                    return Some(found);
                }
            }
            TokenTree::Punct(p) if p.as_char() == '&' => {
                return Some(Borrow {
                    at: token.to_token_stream(),
                    instead: owned(&tokens.collect::<Vec<_>>()),
                });
            }
            TokenTree::Punct(p) if p.as_char() == '\'' => {
                let name = tokens.next_if(|name| name.to_string() != "static");
                if let Some(name) = name {
                    let at = [token, name].into_iter().collect();
                    let instead = "use a type without a lifetime, or `'static`".to_owned();
                    return Some(Borrow { at, instead });
                }
            }
            _ => {}
        }
    }
    None
}

/// What to write instead of a reference; `behind` is what follows the `&`.
fn owned(behind: &[TokenTree]) -> String {
    let mut behind = behind;
    // `&'a mut T`
    while let [TokenTree::Punct(p), TokenTree::Ident(_), rest @ ..] = behind
        && p.as_char() == '\''
    {
        behind = rest;
    }
    if let [TokenTree::Ident(i), rest @ ..] = behind
        && i == "mut"
    {
        behind = rest;
    }
    let single = |tokens: &[TokenTree]| match tokens {
        [TokenTree::Ident(name)] => Some(name.to_string()),
        [TokenTree::Ident(name), TokenTree::Punct(p), ..] if !matches!(p.as_char(), '<' | ':') => {
            Some(name.to_string())
        }
        _ => None,
    };
    match behind {
        [TokenTree::Group(slice), ..] if slice.delimiter() == Delimiter::Bracket => {
            let inner: Vec<_> = slice.stream().into_iter().collect();
            single(&inner).map(|name| format!("use `Vec<{name}>`"))
        }
        other => single(other).map(|name| match name.as_str() {
            "str" => "use `String`".to_owned(),
            "Path" => "use `PathBuf`".to_owned(),
            name => format!("use `{name}`"),
        }),
    }
    .unwrap_or_else(|| "use an owned type".to_owned())
}

/// Whether `impl Trait` stands in a type.
pub(crate) fn has_impl(ty: &Type) -> bool {
    fn any(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == "impl",
            TokenTree::Group(group) => any(group.stream()),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        })
    }
    any(ty.to_token_stream())
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn instead(ty: &Type) -> Option<String> {
        borrow(ty).map(|found| found.instead)
    }

    #[test]
    fn a_reference_names_its_owned_form() {
        let cases: [(Type, &str); 7] = [
            (parse_quote!(&str), "use `String`"),
            (parse_quote!(Option<&'a str>), "use `String`"),
            (parse_quote!(&'static mut Sensor), "use `Sensor`"),
            (parse_quote!(Vec<(u8, &[u8])>), "use `Vec<u8>`"),
            (parse_quote!(&Path), "use `PathBuf`"),
            (parse_quote!(&Vec<u8>), "use an owned type"),
            (
                parse_quote!(Cow<'_, str>),
                "use a type without a lifetime, or `'static`",
            ),
        ];
        for (ty, expected) in cases {
            assert_eq!(instead(&ty).as_deref(), Some(expected));
        }
    }

    #[test]
    fn owned_types_pass() {
        let cases: [Type; 3] = [
            parse_quote!(Cow<'static, str>),
            parse_quote!(Vec<Option<u8>>),
            parse_quote!([u8; 4]),
        ];
        assert!(cases.iter().all(|ty| borrow(ty).is_none()));
    }

    #[test]
    fn impl_is_seen_at_any_depth() {
        assert!(has_impl(&parse_quote!(impl Into<String>)));
        assert!(has_impl(&parse_quote!(Vec<(u8, impl Clone)>)));
        assert!(!has_impl(&parse_quote!(Box<dyn Clone>)));
    }
}
