//! The keys of `#[mcp_server]`, checked.

use proc_macro2::{Ident, TokenStream};
use syn::{LitStr, Path, parse_quote};

use super::groups::{self, Group};
use crate::errors::Errors;
use crate::grammar::{self, NameFault};
use crate::keys::{Key, Keys};
use crate::tool::callers;

const KEYS: &[&str] = &[
    "name",
    "namespace",
    "version",
    "description",
    "default_callers",
    "groups",
    "crate",
];

/// Those that have parentheses.
const NESTED: &[&str] = &["groups"];

/// What must not be compiled into a binary.
const SECRETS: &[&str] = &[
    "api_key",
    "credentials",
    "passphrase",
    "password",
    "secret",
    "token",
];

/// What differs from one place the server runs at to another.
const ENVIRONMENT: &[&str] = &[
    "broker",
    "client_id",
    "host",
    "port",
    "url",
    "user",
    "username",
];

/// What `#[mcp_server(…)]` says; `None` where it says nothing.
pub(super) struct Options {
    pub(super) krate: Path,
    /// `None` only beside an error.
    pub(super) name: Option<LitStr>,
    pub(super) namespace: Option<LitStr>,
    pub(super) version: Option<LitStr>,
    pub(super) description: Option<LitStr>,
    pub(super) default_callers: Option<Vec<LitStr>>,
    /// `None` without the key, or beside an error.
    pub(super) groups: Option<Vec<Group>>,
}

impl Options {
    /// Checks the keys; `main` is where a missing one is reported.
    pub(super) fn check(tokens: TokenStream, main: &Ident, errors: &mut Errors) -> Self {
        let mut options = Self {
            krate: parse_quote!(::mcp_mqtt),
            name: None,
            namespace: None,
            version: None,
            description: None,
            default_callers: None,
            groups: None,
        };
        let keys = Keys::read_but(tokens, KEYS, NESTED, refuse_outside, errors);
        if !keys.mentions("name") {
            errors.at(
                main,
                "`name` is missing: every server has one\nhelp: write `#[mcp_server(name = \"my-server\")]`",
            );
        }
        let grouped = keys.mentions("groups");
        for key in keys {
            options.set(&key, errors);
        }
        // Groups that could not be read may have been any.
        if options.groups.is_some() || !grouped {
            let groups = options.groups.as_deref().unwrap_or_default();
            let callers = options.default_callers.as_deref().unwrap_or_default();
            groups::check(groups, callers, errors);
        }
        options
    }

    fn set(&mut self, key: &Key, errors: &mut Errors) {
        match key.name().as_str() {
            "name" => self.name = checked(key, "server name", grammar::server, errors),
            "namespace" => self.namespace = checked(key, "namespace", grammar::namespace, errors),
            "version" => self.version = key.words(errors),
            "description" => self.description = key.words(errors),
            "groups" => self.groups = groups::read(key, errors),
            "default_callers" => self.default_callers = callers(key, errors),
            _ => self.krate = key.crate_path(errors).unwrap_or_else(|| self.krate.clone()),
        }
    }
}

fn checked(
    key: &Key,
    what: &str,
    rule: fn(&str) -> Result<(), NameFault>,
    errors: &mut Errors,
) -> Option<LitStr> {
    let text = key.words(errors)?;
    let name = text.value();
    let Err(fault) = rule(&name) else {
        return Some(text);
    };
    let levels = match what {
        "namespace" => "levels are separated by `/`; each",
        _ => "a name",
    };
    errors.at(
        &text,
        format_args!(
            "{what} `{name}` {fault}\nnote: {levels} is 1–{} of A–Z a–z 0–9 `_` `-` `.`",
            grammar::MAX_NAME
        ),
    );
    None
}

/// A better answer than "unknown" for keys that belong outside the program.
fn refuse_outside(name: &str) -> Option<String> {
    if SECRETS.contains(&name) {
        Some(format!(
            "`{name}` would be compiled into the binary; read it from the environment\nhelp: set `MQTT_PASSWORD` or `MQTT_PASSWORD_FILE` where the server runs"
        ))
    } else if ENVIRONMENT.contains(&name) {
        Some(format!(
            "`{name}` is set where the server runs, not in its code\nhelp: set `MQTT_URL` and `MQTT_USERNAME`, or give `--broker`"
        ))
    } else {
        None
    }
}
