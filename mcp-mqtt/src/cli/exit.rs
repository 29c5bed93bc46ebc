//! How a command ends: the exit codes, and the one place where an error is printed.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// A failed command: what to print on standard error, and the exit code.
#[derive(Debug)]
pub(super) struct Exit {
    code: u8,
    message: String,
}

impl Exit {
    /// Something outside the program failed: exit code 1.
    pub(super) fn failure(message: impl Display) -> Self {
        Self::with(1, message)
    }

    /// Bad configuration, all faults of it: exit code 2.
    pub(super) fn faults(faults: impl Display) -> Self {
        Self::with(2, faults)
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
    pub(super) fn call_failed(message: impl Display) -> Self {
        Self::with(5, message)
    }

    fn with(code: u8, message: impl Display) -> Self {
        Self {
            code,
            message: message.to_string(),
        }
    }

    /// Prints the error, if there is one, and gives the exit code.
    pub(super) fn code(outcome: Result<(), Self>) -> ExitCode {
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(exit) => {
                // Several faults are several lines; each is an error of its own.
                for line in exit.message.lines() {
                    let prefix = match line {
                        line if line.starts_with(' ') => "",
                        line if line.starts_with("help: ") => "  ",
                        _ => "error: ",
                    };
                    // Nobody is left to tell when standard error is closed.
                    let _ = writeln!(std::io::stderr(), "{prefix}{line}");
                }
                ExitCode::from(exit.code)
            }
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

/// The text of an error with its causes: `outer: inner: innermost`.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Some errors repeat their cause in their own text.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
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
