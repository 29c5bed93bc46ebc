//! `groups(…)` of `#[mcp_server]`: names of groups and their members, checked, and whether the groups
//! that the same attribute uses are among them.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::LitStr;
use syn::ext::IdentExt as _;

use crate::errors::Errors;
use crate::grammar;
use crate::keys::{self, Key};
use crate::tool::members;
use crate::{suggest, value};

const HELP: &str = "help: write `groups(ops = [\"alice\", \"bob\"])`";

/// A group and its callers. One at fault is kept for its name: there is an error beside it.
pub(super) struct Group {
    /// As a literal at the place of the name.
    pub(super) name: LitStr,
    pub(super) members: Vec<LitStr>,
}

/// Reads `groups(name = ["caller", …], "other-name" = […])`. `None` where something is not named, and
/// so may have been meant as any group.
pub(super) fn read(key: &Key, errors: &mut Errors) -> Option<Vec<Group>> {
    let Some(inside) = &key.inside else {
        match &key.value {
            Some(value) => errors.at(
                value,
                format_args!("`groups` takes its groups in parentheses\n{HELP}"),
            ),
            None => errors.at(&key.ident, format_args!("`groups` needs groups\n{HELP}")),
        }
        return None;
    };
    let parts = keys::split(inside.stream());
    if parts.is_empty() {
        errors.at(inside, format_args!("`groups` needs groups\n{HELP}"));
        return None;
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut all_named = true;
    for part in parts {
        let Some(group) = read_one(&part, errors) else {
            all_named = false;
            continue;
        };
        let name = group.name.value();
        if groups.iter().any(|other| other.name.value() == name) {
            errors.at(
                &group.name,
                format_args!("group `{name}` is given twice\nhelp: make one of both"),
            );
        } else {
            groups.push(group);
        }
    }
    all_named.then_some(groups)
}

/// Reads `name = ["caller", …]`; `None` without a name.
fn read_one(part: &[TokenTree], errors: &mut Errors) -> Option<Group> {
    let (first, rest) = part.split_first()?;
    let whole: TokenStream = part.iter().cloned().collect();
    let Some(name) = name(first) else {
        errors.at(whole, format_args!("expected a group\n{HELP}"));
        return None;
    };
    let group = name.value();
    if let Err(fault) = grammar::group(&group) {
        errors.at(
            &name,
            format_args!(
                "group name `{group}` {fault}\nnote: a name is 1–{} of A–Z a–z 0–9 `_` `-` `.`",
                grammar::MAX_NAME
            ),
        );
    }
    let members = match rest {
        [TokenTree::Punct(equals), value @ ..] if equals.as_char() == '=' && !value.is_empty() => {
            let value: TokenStream = value.iter().cloned().collect();
            checked(&group, &first.to_string(), &value, errors)
        }
        _ => {
            errors.at(
                whole,
                format_args!("group `{group}` needs its callers\nhelp: write `{first} = [\"…\"]`"),
            );
            None
        }
    };
    Some(Group {
        name,
        members: members.unwrap_or_default(),
    })
}

/// The members that are callers; there must be some. The group is written as `key`.
fn checked(
    group: &str,
    key: &str,
    value: &TokenStream,
    errors: &mut Errors,
) -> Option<Vec<LitStr>> {
    let before = errors.len();
    let texts = value::list(group, key, value, errors)?;
    // Entries that are no texts have been reported.
    if texts.is_empty() && errors.len() == before {
        errors.at(
            value,
            format_args!(
                "group `{group}` has no members\nhelp: list its callers; for a tool that nobody may call, write `allowed_callers = []`"
            ),
        );
    }
    Some(members(group, texts, errors))
}

/// Reports the groups in a list of callers that are not defined.
pub(super) fn check(groups: &[Group], callers: &[LitStr], errors: &mut Errors) {
    let known: Vec<String> = groups.iter().map(|group| group.name.value()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    for entry in callers {
        let text = entry.value();
        let unknown = grammar::as_group(&text).filter(|group| !known.contains(group));
        let Some(group) = unknown else { continue };
        let help = match suggest::nearest(group, &known) {
            Some(meant) => format!("did you mean `@{meant}`?"),
            None => format!("define it: `groups({} = [\"…\"])`", as_key(group)),
        };
        let note = match known.is_empty() {
            true => String::new(),
            false => format!("\nnote: groups are `@{}`", known.join("`, `@")),
        };
        errors.at(
            entry,
            format_args!("there is no group `{text}`\nhelp: {help}{note}"),
        );
    }
}

/// The name of a group: an identifier, or a string where it is none.
fn name(token: &TokenTree) -> Option<LitStr> {
    match token {
        TokenTree::Ident(ident) => Some(LitStr::new(&ident.unraw().to_string(), ident.span())),
        other => syn::parse2(other.to_token_stream()).ok(),
    }
}

/// How the name of a group is written in `groups(…)`.
fn as_key(group: &str) -> String {
    match syn::parse_str::<Ident>(group) {
        Ok(_) => group.to_owned(),
        Err(_) => format!("\"{group}\""),
    }
}
