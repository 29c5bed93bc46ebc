//! How a command ends: the exit codes, and the one place where an error is printed.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use crate::acl::DeriveError;
use crate::mqtt::OptionsError;
use crate::server::{BuildError, BuildFault};
use crate::tool::RegistryError;

/// A failed command: what to print on standard error, and the exit code.
#[derive(Debug)]
pub(super) struct Exit {
    code: u8,
    messages: Vec<String>,
}

/// What is wrong with the configuration, collected until all of it is known.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<String>);

impl Exit {
    /// Something outside the program failed: exit code 1.
    pub(super) fn failure(message: impl Display) -> Self {
        Self::with(1, message)
    }

    /// Bad configuration: exit code 2.
    pub(super) fn fault(fault: impl Display) -> Self {
        Self::with(2, fault)
    }

    /// The caller may not: exit code 3.
    pub(super) fn unauthorized(message: impl Display) -> Self {
        Self::with(3, message)
    }

    /// Nobody answers: exit code 4.
    pub(super) fn unavailable(message: impl Display) -> Self {
        Self::with(4, message)
    }

    /// The call failed by its arguments or in its tool: exit code 5.
    pub(super) fn call_failed(messages: Vec<String>) -> Self {
        Self { code: 5, messages }
    }

    fn with(code: u8, message: impl Display) -> Self {
        Self {
            code,
            messages: vec![message.to_string()],
        }
    }

    /// Prints the error, if there is one, and gives the exit code.
    pub(super) fn code(outcome: Result<(), Self>) -> ExitCode {
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(exit) => {
                for message in &exit.messages {
                    // Nobody is left to tell when standard error is closed.
                    let _ = writeln!(std::io::stderr(), "error: {}", hung(message));
                }
                ExitCode::from(exit.code)
            }
        }
    }
}

/// The further lines of a message, set in below the first one.
fn hung(message: &str) -> String {
    message.trim_end().replace('\n', "\n  ")
}

impl Faults {
    pub(super) fn add(&mut self, fault: impl Display) {
        self.0.push(fault.to_string());
    }

    /// The value, or nothing and one fault more.
    pub(super) fn unless<T, E: Into<Self>>(&mut self, result: Result<T, E>) -> Option<T> {
        result.map_err(|faults| self.0.extend(faults.into().0)).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<Faults> for Exit {
    fn from(faults: Faults) -> Self {
        Self {
            code: 2,
            messages: faults.0,
        }
    }
}

impl<T: Display> FromIterator<T> for Faults {
    fn from_iter<I: IntoIterator<Item = T>>(faults: I) -> Self {
        Self(faults.into_iter().map(|fault| fault.to_string()).collect())
    }
}

impl From<String> for Faults {
    fn from(fault: String) -> Self {
        Self(vec![fault])
    }
}

impl From<RegistryError> for Faults {
    fn from(error: RegistryError) -> Self {
        error.faults.iter().collect()
    }
}

impl From<OptionsError> for Faults {
    fn from(error: OptionsError) -> Self {
        error.faults.iter().collect()
    }
}

impl From<BuildError> for Faults {
    fn from(error: BuildError) -> Self {
        let each = error.faults.into_iter().flat_map(|fault| match fault {
            BuildFault::Registry(error) => Self::from(error).0,
            fault => vec![fault.to_string()],
        });
        each.collect()
    }
}

impl From<DeriveError> for Faults {
    fn from(error: DeriveError) -> Self {
        match error {
            DeriveError::InvalidNames(names) => names.iter().collect(),
            DeriveError::Registry(error) => error.into(),
        }
    }
}

/// Prints what clap has to say: help and version end well, anything else is exit code 2.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.exit_code() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    }
}

/// How this program was started, for the commands that it suggests.
pub(super) fn program() -> String {
    std::env::args()
        .next()
        .unwrap_or_else(|| "mcp-mqtt".to_owned())
}

/// The same without its folder, for the usage.
pub(super) fn program_name() -> String {
    let program = program();
    let name = std::path::Path::new(&program).file_name();
    name.map_or(program.clone(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_lines_hang_below_the_first() {
        assert_eq!(
            hung("no tools\nhelp: write one\n"),
            "no tools\n  help: write one"
        );
    }
}
