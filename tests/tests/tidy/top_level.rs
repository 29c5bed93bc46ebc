//! What lies at the root: few things, the same in every version.

use std::collections::BTreeSet;

use crate::tree::File;

const FOLDERS: &[&str] = &[
    "book",
    "examples",
    "mcp-mqtt",
    "mcp-mqtt-macros",
    "tests",
    "ui-tests",
];
const FILES: &[&str] = &[
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
];
/// Configuration of tools, there or not. What begins with a dot is free.
const TOOLS: &[&str] = &[
    "clippy.toml",
    "deny.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
];

/// Exactly the agreed entries.
pub fn faults(files: &[File]) -> Vec<String> {
    let present: BTreeSet<(&str, bool)> = files
        .iter()
        .map(|file| {
            file.path
                .split_once('/')
                .map_or((file.path.as_str(), false), |(folder, _)| (folder, true))
        })
        .filter(|(name, _)| !name.starts_with('.'))
        .collect();
    let mut faults = Vec::new();
    for (name, is_folder) in &present {
        let known = if *is_folder {
            FOLDERS.contains(name)
        } else {
            FILES.contains(name) || TOOLS.contains(name)
        };
        if !known {
            faults.push(format!("{name}: does not belong at the root: new abilities are modules and features of mcp-mqtt"));
        }
    }
    let wanted = FOLDERS
        .iter()
        .map(|name| (*name, true))
        .chain(FILES.iter().map(|name| (*name, false)));
    for (name, _) in wanted.filter(|entry| !present.contains(entry)) {
        faults.push(format!("{name}: is missing at the root"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed() -> Vec<File> {
        let folders = FOLDERS
            .iter()
            .map(|name| File::new(&format!("{name}/Cargo.toml"), ""));
        folders
            .chain(FILES.iter().map(|name| File::new(name, "")))
            .collect()
    }

    #[test]
    fn the_agreed_entries_and_dot_files_are_fine() {
        let mut files = agreed();
        files.extend([File::new(".ci/run", ""), File::new("clippy.toml", "")]);
        assert_eq!(faults(&files), Vec::<String>::new());
    }

    #[test]
    fn one_more_and_one_less_are_told() {
        let mut files = agreed();
        files.push(File::new("scripts/release", ""));
        files.push(File::new("NOTES.md", ""));
        assert_eq!(faults(&files).len(), 2);
        assert!(faults(&agreed()[1..])[0].contains("book: is missing"));
    }
}
