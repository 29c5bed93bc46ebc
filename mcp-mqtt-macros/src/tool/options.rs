//! The keys of `#[tool]`, checked.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt as _;
use syn::{LitStr, Path, parse_quote};

use super::{callers, concurrency, timeout};
use crate::docs::Docs;
use crate::errors::Errors;
use crate::grammar;
use crate::keys::{Key, Keys};

const KEYS: &[&str] = &[
    "name",
    "title",
    "description",
    "version",
    "allowed_callers",
    "streaming",
    "timeout",
    "concurrency",
    "require_verified",
    "read_only",
    "destructive",
    "idempotent",
    "open_world",
    "crate",
];

/// What `#[tool(…)]` says; `None` and `false` where it says nothing.
pub(super) struct Options {
    pub(super) krate: Path,
    pub(super) name: String,
    pub(super) title: Option<LitStr>,
    pub(super) description: Option<LitStr>,
    pub(super) version: Option<LitStr>,
    pub(super) allowed_callers: Option<Vec<LitStr>>,
    pub(super) streaming: bool,
    pub(super) timeout_ms: Option<u64>,
    pub(super) concurrency: Option<usize>,
    pub(super) require_verified: bool,
    /// The hints that were given, by the names of MCP's fields in snake case.
    pub(super) hints: Vec<(Ident, bool)>,
}

impl Options {
    /// Checks the keys of the tool `ident`.
    pub(super) fn check(
        tokens: TokenStream,
        ident: &Ident,
        docs: &Docs,
        errors: &mut Errors,
    ) -> Self {
        let mut options = Self {
            krate: parse_quote!(::mcp_mqtt),
            name: ident.unraw().to_string(),
            title: None,
            description: None,
            version: None,
            allowed_callers: None,
            streaming: false,
            timeout_ms: None,
            concurrency: None,
            require_verified: false,
            hints: Vec::new(),
        };
        let keys = Keys::read(tokens, KEYS, errors);
        let named = keys.mentions("name");
        let described = keys.mentions("description") || !docs.is_empty();
        for key in keys {
            options.set(&key, errors);
        }
        if !named && let Err(fault) = grammar::tool(&options.name) {
            let name = &options.name;
            errors.at(
                ident,
                format_args!("tool name `{name}` {fault}\nhelp: give another with `name = \"…\"`"),
            );
        }
        if !described {
            let name = &options.name;
            errors.at(
                ident,
                format_args!(
                    "tool `{name}` has no description; models choose tools by it\nhelp: add a `///` comment or `description = \"…\"`"
                ),
            );
        }
        options
    }

    fn set(&mut self, key: &Key, errors: &mut Errors) {
        match key.name().as_str() {
            "name" => self.set_name(key, errors),
            "title" => self.title = key.words(errors),
            "description" => self.description = key.words(errors),
            "version" => self.version = key.words(errors),
            "allowed_callers" => self.allowed_callers = callers(key, errors),
            "streaming" => self.streaming = key.flag(errors).unwrap_or_default(),
            "timeout" => self.timeout_ms = timeout::millis(key, errors),
            "concurrency" => self.concurrency = concurrency::calls(key, errors),
            "require_verified" => self.require_verified = key.flag(errors).unwrap_or_default(),
            "crate" => self.krate = key.crate_path(errors).unwrap_or_else(|| self.krate.clone()),
            _ => self.set_hint(key, errors),
        }
    }

    fn set_name(&mut self, key: &Key, errors: &mut Errors) {
        let Some(text) = key.words(errors) else {
            return;
        };
        match grammar::tool(&text.value()) {
            Ok(()) => self.name = text.value(),
            Err(fault) => errors.at(
                &text,
                format_args!(
                    "tool name `{}` {fault}\nnote: a name is 1–{} of A–Z a–z 0–9 `_` `-` `.`",
                    text.value(),
                    grammar::MAX_NAME,
                ),
            ),
        }
    }

    fn set_hint(&mut self, key: &Key, errors: &mut Errors) {
        let Some(value) = key.flag(errors) else {
            return;
        };
        let opposite = match key.name().as_str() {
            "destructive" => "read_only",
            "read_only" => "destructive",
            _ => "",
        };
        if value && self.hints.iter().any(|(hint, on)| *on && hint == opposite) {
            let name = &key.ident;
            errors.at(
                name,
                format_args!(
                    "`{name}` contradicts `{opposite}`: a tool that changes nothing destroys nothing\nhelp: keep one of them"
                ),
            );
            return;
        }
        self.hints.push((key.ident.clone(), value));
    }
}
