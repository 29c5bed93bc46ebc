//! What the compiler says is pinned for every program that it must refuse.

use std::collections::BTreeSet;

use crate::tree::File;

/// Fixtures and their texts go in pairs.
pub fn faults(files: &[File]) -> Vec<String> {
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let mut faults = Vec::new();
    for path in paths
        .iter()
        .filter(|path| path.starts_with("ui-tests/fail/"))
    {
        if let Some(stem) = path.strip_suffix(".rs") {
            if !paths.contains(format!("{stem}.stderr").as_str()) {
                faults.push(format!("{path}: has no .stderr: run `TRYBUILD=overwrite cargo test -p ui-tests`, then read it as a user would"));
            }
        } else if let Some(stem) = path.strip_suffix(".stderr") {
            if !paths.contains(format!("{stem}.rs").as_str()) {
                faults.push(format!("{path}: belongs to no fixture: remove it"));
            }
        } else {
            faults.push(format!("{path}: only fixtures and their texts live here"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(paths: &[&str]) -> Vec<String> {
        faults(
            &paths
                .iter()
                .map(|path| File::new(path, ""))
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn a_fixture_and_its_text_go_together() {
        assert!(
            of(&[
                "ui-tests/fail/tool/a.rs",
                "ui-tests/fail/tool/a.stderr",
                "ui-tests/pass/tool/b.rs"
            ])
            .is_empty()
        );
        assert!(of(&["ui-tests/fail/tool/a.rs"])[0].contains("has no .stderr"));
        assert!(of(&["ui-tests/fail/tool/a.stderr"])[0].contains("belongs to no fixture"));
        assert!(of(&["ui-tests/fail/tool/notes.md"])[0].contains("only fixtures"));
    }
}
