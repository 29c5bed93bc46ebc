//! What must be true of every `.stderr`, whatever it says.

use std::fs;
use std::path::PathBuf;

/// What the macro cannot see; the compiler answers with two errors.
const BY_THE_COMPILER: &[&str] = &["assoc_fn"];

fn fixtures() -> Vec<(String, PathBuf, String)> {
    let mut fixtures = Vec::new();
    for kind in ["tool", "server"] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("fail")
            .join(kind);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                let stderr = fs::read_to_string(path.with_extension("stderr"));
                let stderr = stderr.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                fixtures.push((name, path, stderr));
            }
        }
    }
    fixtures
}

#[test]
fn every_error_points_into_the_users_code() {
    for (name, path, stderr) in fixtures() {
        let at_macro = stderr.contains("this error originates in the attribute macro");
        assert!(
            !at_macro || BY_THE_COMPILER.contains(&&*name),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_mistake_causes_no_warnings() {
    for (_, path, stderr) in fixtures() {
        let warned = stderr.lines().any(|line| line.starts_with("warning"));
        assert!(!warned, "{}", path.display());
    }
}

#[test]
fn what_is_wrong_is_said_without_internals() {
    for (_, path, stderr) in fixtures() {
        for line in stderr.lines().filter(|line| line.starts_with("error")) {
            assert!(!line.contains("__"), "{}: {line}", path.display());
        }
    }
}

#[test]
fn there_is_one_error_for_each_mistake() {
    for (name, path, stderr) in fixtures() {
        // A file with more than one mistake ends in `// mistakes: 3`.
        let source = fs::read_to_string(&path).unwrap();
        let several = source
            .lines()
            .last()
            .and_then(|line| line.strip_prefix("// mistakes: "));
        let mistakes = several.map_or(1, |number| number.parse().unwrap());
        let by_compiler = usize::from(BY_THE_COMPILER.contains(&&*name));
        let errors = stderr.lines().filter(|line| line.starts_with("error"));
        assert_eq!(errors.count(), mistakes + by_compiler, "{}", path.display());
    }
}

#[test]
fn there_is_no_stderr_without_its_fixture() {
    for (_, path, _) in fixtures() {
        for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
            let file = entry.unwrap().path();
            assert!(file.with_extension("rs").exists(), "{}", file.display());
        }
    }
}
