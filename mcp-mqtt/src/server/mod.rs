//! The server.

mod setup;

use std::process::ExitCode;

use crate::entry::{ServerInfo, SetupHook};

pub use setup::Setup;

/// Placeholder: runs the hook.
pub(crate) fn run_from_env(_info: ServerInfo, hook: SetupHook) -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return ExitCode::FAILURE;
    };
    match runtime.block_on(hook(Setup::default())) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
