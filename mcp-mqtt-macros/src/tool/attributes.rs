//! Attributes of parameters: `#[serde]` is read here, `#[schemars]` is handed to schemars' derive.

use proc_macro2::Ident;
use syn::{Attribute, ExprPath, LitStr, Meta};

use crate::errors::Errors;
use crate::keys::{Key, Keys};

const SERDE: &[&str] = &["default", "rename", "alias", "deserialize_with"];

/// Of schemars' attributes, those that are about a field and not about its type.
const NOT_SCHEMARS: &[&str] = &[
    "alias",
    "bound",
    "crate",
    "default",
    "deserialize_with",
    "flatten",
    "rename",
    "required",
    "serialize_with",
    "skip",
    "skip_deserializing",
    "skip_serializing",
    "skip_serializing_if",
];

/// What the attributes of a parameter say.
#[derive(Default)]
pub(super) struct Attributes {
    pub(super) default: Option<DefaultValue>,
    pub(super) rename: Option<LitStr>,
    pub(super) aliases: Vec<LitStr>,
    pub(super) deserialize_with: Option<ExprPath>,
    /// `#[schemars(…)]`, as written.
    pub(super) schemars: Vec<Attribute>,
}

/// `#[serde(default)]` or `#[serde(default = "path")]`.
pub(super) struct DefaultValue {
    pub(super) key: Ident,
    pub(super) path: Option<ExprPath>,
}

impl Attributes {
    /// Takes off a parameter what the compiler would not accept there.
    pub(super) fn take(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> Self {
        let mut taken = Self::default();
        attrs.retain(|attr| {
            let path = attr.path();
            if path.is_ident("serde") {
                taken.serde(attr, errors);
            } else if path.is_ident("schemars") {
                taken.schemars(attr, errors);
            } else if path.is_ident("cfg") || path.is_ident("cfg_attr") {
                errors.at(
                    attr,
                    "`#[cfg]` cannot stand on a parameter of a tool\nhelp: put it on the tool, or write two tools",
                );
            } else if !path.is_ident("doc") {
                return true; // `#[allow(…)]`
            }
            false
        });
        taken
    }

    fn serde(&mut self, attr: &Attribute, errors: &mut Errors) {
        for key in keys(attr, errors) {
            let name = key.name();
            let again = match name.as_str() {
                "alias" => {
                    self.aliases.extend(key.words(errors));
                    false
                }
                "rename" => {
                    self.rename.is_some() || {
                        self.rename = key.words(errors);
                        false
                    }
                }
                "default" => {
                    self.default.is_some() || {
                        let path = key.value.as_ref().and_then(|_| function(&key, errors));
                        self.default = Some(DefaultValue {
                            key: key.ident.clone(),
                            path,
                        });
                        false
                    }
                }
                "deserialize_with" => {
                    self.deserialize_with.is_some() || {
                        self.deserialize_with = function(&key, errors);
                        false
                    }
                }
                _ => {
                    let known = SERDE.join("`, `");
                    errors.at(
                        &key.ident,
                        format_args!("`#[serde({name})]` cannot stand on a parameter of a tool\nnote: supported are `{known}`"),
                    );
                    false
                }
            };
            if again {
                errors.at(&key.ident, format_args!("`{name}` is given twice"));
            }
        }
    }

    fn schemars(&mut self, attr: &Attribute, errors: &mut Errors) {
        let Meta::List(list) = &attr.meta else {
            errors.at(attr, "expected `#[schemars(…)]`");
            return;
        };
        let mut good = true;
        // Only names are looked at, since schemars has shapes of its own: `range(min = 1)`.
        for name in first_words(list.tokens.clone()) {
            if NOT_SCHEMARS.iter().any(|no| name == no) {
                good = false;
                let help = match name.to_string().as_str() {
                    key if SERDE.contains(&key) => format!("\nhelp: write `#[serde({key} …)]`"),
                    _ => String::new(),
                };
                errors.at(
                    &name,
                    format_args!(
                        "`#[schemars({name})]` cannot stand on a parameter of a tool{help}"
                    ),
                );
            }
        }
        if good {
            self.schemars.push(attr.clone());
        }
    }
}

fn keys(attr: &Attribute, errors: &mut Errors) -> Vec<Key> {
    match &attr.meta {
        Meta::List(list) => Keys::read_any(list.tokens.clone(), errors)
            .into_iter()
            .collect(),
        Meta::Path(_) | Meta::NameValue(_) => {
            errors.at(attr, "expected `#[serde(…)]`");
            Vec::new()
        }
    }
}

/// `key = "path::of::a::function"`.
fn function(key: &Key, errors: &mut Errors) -> Option<ExprPath> {
    let text = key.words(errors)?;
    let path = text.parse().ok();
    if path.is_none() {
        errors.at(
            &text,
            format_args!("`{}` must be the path of a function", key.name()),
        );
    }
    path
}

/// The word each part between commas begins with.
fn first_words(tokens: proc_macro2::TokenStream) -> Vec<Ident> {
    use proc_macro2::TokenTree;
    let mut words = Vec::new();
    let mut first = true;
    for token in tokens {
        match token {
            TokenTree::Ident(word) if first => words.push(word),
            TokenTree::Punct(p) if p.as_char() == ',' => {
                first = true;
                continue;
            }
            _ => {}
        }
        first = false;
    }
    words
}
