//! `concurrency = 4`.

use syn::{LitInt, LitStr};

use crate::errors::Errors;
use crate::keys::Key;

/// How many calls may run at the same time.
pub(super) fn calls(key: &Key, errors: &mut Errors) -> Option<usize> {
    const WHAT: &str = "`concurrency` must be a whole number from 1";
    let Some(value) = &key.value else {
        let message = "`concurrency` needs a value\nhelp: write `concurrency = 4`";
        errors.at(&key.ident, message);
        return None;
    };
    let number = syn::parse2::<LitInt>(value.clone()).ok();
    let calls = number.and_then(|number| number.base10_parse().ok());
    if let Some(calls) = calls.filter(|calls| *calls > 0) {
        return Some(calls);
    }
    // What was meant, where that can be told.
    let text = syn::parse2::<LitStr>(value.clone()).ok();
    let meant = text.and_then(|text| text.value().trim().parse::<usize>().ok());
    let help = match meant.filter(|calls| *calls > 0) {
        Some(calls) => format!("help: write `concurrency = {calls}`"),
        None => "help: write `concurrency = 4`; without it, the server alone limits the calls"
            .to_owned(),
    };
    errors.at(value, format_args!("{WHAT}\n{help}"));
    None
}
