//! Where things are: the workspace, and the programs that cargo has built beside the running test.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The built example `name`, for a test that runs it as a program of its own.
///
/// # Errors
///
/// When it is not built: `tests/run` builds all examples first.
pub fn example(name: &str) -> Result<PathBuf> {
    built(&format!("examples/{name}"))
}

/// The built program `name` of a workspace member.
///
/// # Errors
///
/// When it is not built: `tests/run` builds all programs first.
pub fn program(name: &str) -> Result<PathBuf> {
    built(name)
}

// A test binary lies in `<target>/<profile>/deps`.
fn built(name: &str) -> Result<PathBuf> {
    let this = std::env::current_exe().context("where is this test?")?;
    let profile = this
        .ancestors()
        .nth(2)
        .context("this test lies in no target directory")?;
    let path = profile.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !path.is_file() {
        bail!(
            "{} is not built: run `cargo build --workspace --all-features --bins --examples`, or tests/run",
            path.display()
        );
    }
    Ok(path)
}
