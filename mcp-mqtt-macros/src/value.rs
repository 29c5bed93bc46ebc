//! Values of keys: texts, flags, lists of texts and paths. Each refuses what it is not, at the
//! narrowest place.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{LitBool, LitStr, Path, Token, bracketed};

use crate::errors::Errors;
use crate::keys::Key;

impl Key {
    /// `key = "text"`.
    pub(crate) fn text(&self, errors: &mut Errors) -> Option<LitStr> {
        let name = self.name();
        let what = format!("`{name}` must be a string literal\nhelp: write `{name} = \"…\"`");
        self.one(&what, errors)
    }

    /// `key = "text"` that is not blank.
    pub(crate) fn words(&self, errors: &mut Errors) -> Option<LitStr> {
        let text = self.text(errors)?;
        if text.value().trim().is_empty() {
            errors.at(&text, format_args!("`{}` must not be empty", self.name()));
            return None;
        }
        Some(text)
    }

    /// `key` or `key = true` or `key = false`.
    pub(crate) fn flag(&self, errors: &mut Errors) -> Option<bool> {
        if self.value.is_none() {
            return Some(true);
        }
        let name = self.name();
        let what = format!("`{name}` must be `true` or `false`\nhelp: `{name}` alone means `true`");
        self.one::<LitBool>(&what, errors).map(|lit| lit.value)
    }

    /// `key = ["text", "text"]`.
    pub(crate) fn list(&self, errors: &mut Errors) -> Option<Vec<LitStr>> {
        let name = self.name();
        let what = not_a_list(&name, &name);
        let list = self.one(&what, errors)?;
        Some(texts(&name, list, errors))
    }

    /// `crate = ::path`.
    pub(crate) fn crate_path(&self, errors: &mut Errors) -> Option<Path> {
        let what = "`crate` must be a path\nhelp: write `crate = ::mcp_mqtt`";
        let path: AnyPath = self.one(what, errors)?;
        let first = path.0.segments.first().map(|s| s.ident.to_string());
        let absolute =
            path.0.leading_colon.is_some() || matches!(first.as_deref(), Some("crate" | "$crate"));
        if !absolute {
            let text = path.0.to_token_stream().to_string().replace(' ', "");
            errors.at(
                &path.0,
                format_args!(
                    "`crate` must be an absolute path, which means the same in every module\nhelp: write `crate = ::{text}`"
                ),
            );
            return None;
        }
        Some(path.0)
    }

    /// The value as one `T` and nothing behind it.
    fn one<T: Parse>(&self, what: &str, errors: &mut Errors) -> Option<T> {
        let name = self.name();
        let Some(value) = &self.value else {
            let help = what.split_once('\n').map_or("", |(_, help)| help);
            errors.at(&self.ident, format_args!("`{name}` needs a value\n{help}"));
            return None;
        };
        one(&name, value, what, errors)
    }
}

/// `["text", "text"]`, the value of `name`, which is written as `key`.
pub(crate) fn list(
    name: &str,
    key: &str,
    value: &TokenStream,
    errors: &mut Errors,
) -> Option<Vec<LitStr>> {
    let list = one(name, value, &not_a_list(name, key), errors)?;
    Some(texts(name, list, errors))
}

fn not_a_list(name: &str, key: &str) -> String {
    format!("`{name}` must be a list of string literals\nhelp: write `{key} = [\"…\"]`")
}

/// The entries of a list that are texts.
fn texts(name: &str, List(items): List, errors: &mut Errors) -> Vec<LitStr> {
    let mut texts = Vec::new();
    for item in items {
        match syn::parse2(item.clone()) {
            Ok(text) => texts.push(text),
            Err(_) => errors.at(
                item,
                format_args!("each entry of `{name}` must be a string literal"),
            ),
        }
    }
    texts
}

/// The value of `name` as one `T` and nothing behind it.
fn one<T: Parse>(name: &str, value: &TokenStream, what: &str, errors: &mut Errors) -> Option<T> {
    let parser = |input: ParseStream<'_>| Ok((T::parse(input)?, input.parse::<TokenStream>()?));
    match parser.parse2(value.clone()) {
        Ok((parsed, rest)) => match rest.into_iter().next() {
            None => Some(parsed),
            Some(next) => {
                errors.at(
                    next,
                    format_args!("expected `,` after the value of `{name}`"),
                );
                None
            }
        },
        Err(_) => {
            errors.at(value, what);
            None
        }
    }
}

/// The entries of `[a, b]`, whatever they are.
struct List(Vec<TokenStream>);

impl Parse for List {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let content;
        bracketed!(content in input);
        let entry = |input: ParseStream<'_>| {
            let mut tokens = TokenStream::new();
            while !input.is_empty() && !input.peek(Token![,]) {
                tokens.extend([input.parse::<TokenTree>()?]);
            }
            Ok(tokens)
        };
        let entries = Punctuated::<TokenStream, Token![,]>::parse_terminated_with(&content, entry)?;
        Ok(Self(entries.into_iter().collect()))
    }
}

/// A path that may begin with `crate` or `$crate`.
struct AnyPath(Path);

impl Parse for AnyPath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Path::parse_mod_style(input).map(Self)
    }
}
