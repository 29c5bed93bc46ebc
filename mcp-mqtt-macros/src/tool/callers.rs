//! Lists of callers: `allowed_callers` of a tool, `default_callers` of a server.

use syn::LitStr;

use crate::errors::Errors;
use crate::grammar;
use crate::keys::Key;

/// Checks a list of callers; the faulty ones are left out.
pub(crate) fn callers(key: &Key, errors: &mut Errors) -> Option<Vec<LitStr>> {
    let mut good: Vec<LitStr> = Vec::new();
    for caller in key.list(errors)? {
        let name = caller.value();
        if good.iter().any(|other| other.value() == name) {
            errors.at(&caller, format_args!("caller `{name}` is listed twice"));
        } else if name.is_empty() {
            errors.at(
                &caller,
                "a caller must not be empty\nhelp: for a tool that nobody may call, leave the list empty",
            );
        } else if let Err(fault) = grammar::caller(&name) {
            errors.at(&caller, format_args!("caller `{name}` {fault}"));
        } else {
            good.push(caller);
        }
    }
    Some(good)
}
