//! Policies in files.

use std::path::Path;

use super::super::exit::Exit;
use super::super::table::clean;
use crate::acl::Policy;
use crate::error::chain;

const EXPECTED: &str = "expected a policy as `acl --format json` writes it";

/// Reads a policy; what is wrong with it is told with the name of the file.
pub(in crate::cli) fn read(path: &Path) -> Result<Policy, Exit> {
    parse(path).map_err(|fault| Exit::fault(format!("{}: {fault}", path.display())))
}

fn parse(path: &Path) -> Result<Policy, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{error}; {EXPECTED}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("is no UTF-8 text; {EXPECTED}"))?;
    if text.trim_ascii().is_empty() {
        return Err(format!("is empty; {EXPECTED}"));
    }
    if text.starts_with('\u{feff}') {
        return Err("begins with a byte order mark; save it as UTF-8 without one".to_owned());
    }
    // A key of the file may stand in the text, and drive the terminal.
    Policy::from_json(&text).map_err(|error| clean(&chain(&error)))
}
