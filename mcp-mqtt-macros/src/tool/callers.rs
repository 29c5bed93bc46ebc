//! Lists of callers: `allowed_callers` of a tool, `default_callers` of a server, where `@name` stands
//! for a group, and the members of a group.

use syn::LitStr;

use crate::errors::Errors;
use crate::grammar;
use crate::keys::Key;

/// Checks a list of callers and groups; the faulty ones are left out.
///
/// Which groups there are is not known here.
pub(crate) fn callers(key: &Key, errors: &mut Errors) -> Option<Vec<LitStr>> {
    let check = |entry: &str| match grammar::as_group(entry) {
        Some("") => Err(
            "`@` has no name behind it\nhelp: write `@` and the name of a group, as in `\"@ops\"`"
                .to_owned(),
        ),
        Some(group) => grammar::group(group).map_err(|fault| {
            format!(
                "group `{entry}` {fault}\nnote: a group is `@` and 1–{} of A–Z a–z 0–9 `_` `-` `.`",
                grammar::MAX_NAME
            )
        }),
        None => caller(
            entry,
            "for a tool that nobody may call, leave the list empty",
        ),
    };
    Some(each_once(key.list(errors)?, check, errors))
}

/// Checks the members of a group; the faulty ones are left out.
pub(crate) fn members(group: &str, members: Vec<LitStr>, errors: &mut Errors) -> Vec<LitStr> {
    let check = |entry: &str| match grammar::as_group(entry) {
        Some(_) => Err(format!(
            "group `{group}` cannot contain the group `{entry}`: its members are callers\nhelp: list both groups where they are used: `[\"@{group}\", \"{entry}\"]`"
        )),
        None => caller(entry, "remove it"),
    };
    each_once(members, check, errors)
}

fn caller(name: &str, help: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("a caller must not be empty\nhelp: {help}"));
    }
    grammar::caller(name).map_err(|fault| format!("caller `{name}` {fault}"))
}

fn each_once(
    entries: Vec<LitStr>,
    check: impl Fn(&str) -> Result<(), String>,
    errors: &mut Errors,
) -> Vec<LitStr> {
    let mut good: Vec<LitStr> = Vec::new();
    for entry in entries {
        let name = entry.value();
        if good.iter().any(|other| other.value() == name) {
            let what = grammar::as_group(&name).map_or("caller", |_| "group");
            errors.at(&entry, format_args!("{what} `{name}` is listed twice"));
        } else if let Err(message) = check(&name) {
            errors.at(&entry, message);
        } else {
            good.push(entry);
        }
    }
    good
}
