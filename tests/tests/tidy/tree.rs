//! The files of the repository: what git tracks, and what it would, as it lies on the disk.

use std::process::Command;

use anyhow::{Context, Result, bail};
use mcp_mqtt_tests::artifacts::workspace;

/// One text file.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path below the root, with `/`.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// Whether this is the shipped code of one of the two crates, tests in files of their own aside.
    pub fn is_library_code(&self) -> bool {
        self.path.ends_with(".rs")
            && (self.path.starts_with("mcp-mqtt/src/")
                || self.path.starts_with("mcp-mqtt-macros/src/"))
            && !self.is_golden()
            && !self.path.ends_with("/tests.rs")
            && !self.path.ends_with("_tests.rs")
            && !self.path.contains("/tests/")
    }

    /// Whether a test compares its output with this.
    pub fn is_golden(&self) -> bool {
        self.path.contains("/golden/")
    }

    /// Whether this is a program that the compiler is shown on purpose.
    pub fn is_fixture(&self) -> bool {
        self.path.starts_with("ui-tests/fail/") || self.path.starts_with("ui-tests/pass/")
    }
}

/// All files, sorted by path. Ignored files and files that are no text are left out.
pub fn files() -> Result<Vec<File>> {
    let root = workspace();
    let listing = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ])
        .current_dir(root)
        .output()
        .context("these rules ask git for the files of the repository: install git")?;
    if !listing.status.success() {
        bail!(
            "these rules hold for a git work tree, and this is none: {}",
            String::from_utf8_lossy(&listing.stderr)
        );
    }
    let listing = String::from_utf8(listing.stdout).context("a file name is no UTF-8")?;
    let mut files: Vec<File> = listing
        .split_terminator('\0')
        .filter_map(|path| {
            Some(File::new(
                path,
                &std::fs::read_to_string(root.join(path)).ok()?,
            ))
        })
        .collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files.dedup_by(|one, other| one.path == other.path);
    Ok(files)
}
