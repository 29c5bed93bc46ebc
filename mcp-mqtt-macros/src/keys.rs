//! The first stage: `key = value, flag, …` as written, with spans. What the values must be is in
//! `value`; which keys there are, and which of them are `key(…)`, is said by the caller.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::ext::IdentExt as _;

use crate::errors::Errors;
use crate::suggest;

/// One `key`, `key = value` or `key(…)`.
pub(crate) struct Key {
    pub(crate) ident: Ident,
    /// What stands behind the `=`; never empty.
    pub(crate) value: Option<TokenStream>,
    /// The parentheses behind a key that may have them.
    pub(crate) inside: Option<Group>,
}

impl Key {
    /// The key as text.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}

/// All keys of an attribute, each at most once.
pub(crate) struct Keys {
    keys: Vec<Key>,
    /// What was written or, by its spelling, meant: whether or not its value is any good.
    mentioned: Vec<String>,
    /// Something had no key at all; it may have been meant as any of them.
    garbled: bool,
}

impl Keys {
    /// Reads the inside of an attribute's parentheses; anything but the `known` keys is an error.
    pub(crate) fn read(tokens: TokenStream, known: &[&str], errors: &mut Errors) -> Self {
        Self::read_but(tokens, known, &[], |_| None, errors)
    }

    /// As [`read`](Self::read), with known keys that may be `key(…)`, and with an answer of its own to
    /// some of the unknown keys.
    pub(crate) fn read_but(
        tokens: TokenStream,
        known: &[&str],
        nested: &[&str],
        refuse: impl Fn(&str) -> Option<String>,
        errors: &mut Errors,
    ) -> Self {
        let mut keys = Vec::new();
        // Parentheses behind a key that is not known are no mistake of their own.
        let nested = |name: &str| nested.contains(&name) || !known.contains(&name);
        let (written, mut mentioned, garbled) = read_all(tokens, nested, errors);
        for key in written {
            let name = key.name();
            if let Some(message) = refuse(&name) {
                errors.at(&key.ident, message);
            } else if !known.contains(&name.as_str()) {
                mentioned.extend(refuse_unknown(&key, known, errors));
            } else if mentioned.contains(&name) {
                errors.at(&key.ident, format_args!("`{name}` is given twice"));
            } else {
                mentioned.push(name);
                keys.push(key);
            }
        }
        Self {
            keys,
            mentioned,
            garbled,
        }
    }

    /// Reads the inside of an attribute's parentheses, whatever the keys are.
    pub(crate) fn read_any(tokens: TokenStream, errors: &mut Errors) -> Self {
        let (keys, mentioned, garbled) = read_all(tokens, |_| false, errors);
        Self {
            keys,
            mentioned,
            garbled,
        }
    }

    /// Whether this key was given, even if wrongly.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.garbled || self.mentioned.iter().any(|m| m == name)
    }
}

impl IntoIterator for Keys {
    type Item = Key;
    type IntoIter = std::vec::IntoIter<Key>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.into_iter()
    }
}

/// Reports a key that is not known; what it was meant to be.
fn refuse_unknown(key: &Key, known: &[&str], errors: &mut Errors) -> Option<String> {
    let name = key.name();
    let meant = suggest::nearest(&name, known);
    let help = meant.map_or_else(String::new, |meant| {
        format!("\nhelp: did you mean `{meant}`?")
    });
    let note = known.join("`, `");
    errors.at(
        &key.ident,
        format_args!("unknown key `{name}`{help}\nnote: keys are `{note}`"),
    );
    meant.map(str::to_owned)
}

/// All that reads as a key, the names of those that almost do, and whether something has no name.
fn read_all(
    tokens: TokenStream,
    nested: impl Fn(&str) -> bool,
    errors: &mut Errors,
) -> (Vec<Key>, Vec<String>, bool) {
    let mut keys = Vec::new();
    let mut mentioned = Vec::new();
    let mut garbled = false;
    for part in split(tokens) {
        match read_one(&part, &nested) {
            Ok(key) => keys.push(key),
            Err((name, error)) => {
                garbled |= name.is_none();
                mentioned.extend(name);
                errors.push(error);
            }
        }
    }
    (keys, mentioned, garbled)
}

/// The parts between the commas; a last comma may follow.
pub(crate) fn split(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        match (&token, parts.last_mut()) {
            // A comma behind nothing is kept as a part of its own, to be refused.
            (TokenTree::Punct(p), Some(last)) if p.as_char() == ',' && !last.is_empty() => {
                parts.push(Vec::new());
            }
            (_, Some(last)) => last.push(token),
            (_, None) => {}
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn read_one(
    part: &[TokenTree],
    nested: impl Fn(&str) -> bool,
) -> Result<Key, (Option<String>, syn::Error)> {
    let refuse = |tokens: &[TokenTree], mentioned, message: String| {
        let tokens: TokenStream = tokens.iter().cloned().collect();
        Err((mentioned, syn::Error::new_spanned(tokens, message)))
    };
    let Some((TokenTree::Ident(ident), rest)) = part.split_first() else {
        return refuse(part, None, "expected `key = value`".to_owned());
    };
    let name = ident.unraw().to_string();
    let nested = nested(&name);
    let mut inside = None;
    let value = match rest {
        [] => None,
        [TokenTree::Group(g), more @ ..] if nested && g.delimiter() == Delimiter::Parenthesis => {
            if !more.is_empty() {
                let message = format!("expected `,` after `{name}(…)`");
                return refuse(more, Some(name), message);
            }
            inside = Some(g.clone());
            None
        }
        [TokenTree::Punct(p)] if p.as_char() == '=' => {
            return refuse(part, Some(name.clone()), format!("`{name}` needs a value"));
        }
        [TokenTree::Punct(p), value @ ..] if p.as_char() == '=' => {
            Some(value.iter().cloned().collect())
        }
        [TokenTree::Group(g), ..] if g.delimiter() != Delimiter::None => {
            let message = match nested {
                true => format!("expected `(…)` after `{name}`\nhelp: write `{name}(…)`"),
                false => format!("expected `=` after `{name}`\nhelp: write `{name} = …`"),
            };
            return refuse(rest, Some(name), message);
        }
        _ => {
            let message = format!("expected `,` or `=` after `{name}`");
            return refuse(rest, Some(name), message);
        }
    };
    Ok(Key {
        ident: ident.clone(),
        value,
        inside,
    })
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn read(tokens: TokenStream) -> (Vec<String>, Vec<String>) {
        let mut errors = Errors::default();
        let keys = Keys::read(tokens, &["name", "flag"], &mut errors);
        let shown = |key: Key| format!("{}{:?}", key.name(), key.value.map(|v| v.to_string()));
        let messages = errors.messages();
        (keys.into_iter().map(shown).collect(), messages)
    }

    #[test]
    fn keys_have_values_or_none_and_a_last_comma() {
        let (keys, errors) = read(quote!(name = ["a", "b"], r#flag,));
        assert_eq!(keys, [r#"nameSome("[\"a\" , \"b\"]")"#, "flagNone"]);
        assert!(errors.is_empty());
    }

    #[test]
    fn parentheses_are_for_the_keys_that_have_them() {
        let mut errors = Errors::default();
        let tokens = quote!(groups(a = ["b"]), groups = 1, name("x"));
        let known = &["groups", "name"];
        let keys = Keys::read_but(tokens, known, &["groups"], |_| None, &mut errors);
        let inside: Vec<_> = keys.into_iter().map(|key| key.inside.is_some()).collect();
        assert_eq!(inside, [true]);
        assert_eq!(
            errors.messages(),
            [
                "expected `=` after `name`\nhelp: write `name = …`",
                "`groups` is given twice"
            ]
        );
        let mut errors = Errors::default();
        let tokens = quote!(groups(a = ["b"]) name = "x", groups["a"]);
        Keys::read_but(tokens, known, &["groups"], |_| None, &mut errors);
        assert_eq!(
            errors.messages(),
            [
                "expected `,` after `groups(…)`",
                "expected `(…)` after `groups`\nhelp: write `groups(…)`"
            ]
        );
    }

    #[test]
    fn every_mistake_is_reported_and_what_is_right_is_kept() {
        let (keys, errors) = read(quote!(7, nmae = 1, name(2), flag, flag, ,));
        assert_eq!(keys, ["flagNone"]);
        let starts = [
            "expected `key = value`",
            "expected `=` after `name`",
            "expected `key = value`",
            "unknown key `nmae`",
            "`flag` is given twice",
        ];
        assert_eq!(errors.len(), starts.len(), "{errors:?}");
        for start in starts {
            assert!(
                errors.iter().any(|e| e.starts_with(start)),
                "{start}: {errors:?}"
            );
        }
    }

    #[test]
    fn a_wrong_spelling_counts_as_a_mention() {
        let read = |tokens| Keys::read(tokens, &["name"], &mut Errors::default());
        assert!(read(quote!(nmae = 1)).mentions("name"));
        assert!(read(quote!(name =)).mentions("name"));
        assert!(read(quote!("hello")).mentions("name"));
        assert!(!read(quote!(other = "hello")).mentions("name"));
    }
}
