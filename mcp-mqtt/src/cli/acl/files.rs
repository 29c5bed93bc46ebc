//! Policies in files.

use std::path::Path;

use super::super::exit::Exit;
use crate::acl::Policy;
use crate::error::chain;

/// Reads a policy; what is wrong with it is told with the name of the file.
pub(in crate::cli) fn read(path: &Path) -> Result<Policy, Exit> {
    let fault = |text: String| Exit::fault(format!("{}: {text}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    Policy::from_json(&text).map_err(|error| fault(chain(&error)))
}
