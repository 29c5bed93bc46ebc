//! Rules on what stands in the Rust files, one at a time.

use crate::tokens::{self, lines_with};
use crate::tree::File;

const GRAMMARS: [&str; 2] = ["mcp-mqtt/src/grammar.rs", "mcp-mqtt-macros/src/grammar.rs"];

/// A crate, and the one place of the library that may name it.
const FOREIGN: &[(&str, &str)] = &[
    ("rumqttc", "mcp-mqtt/src/mqtt"),
    ("mqtt5", "mcp-mqtt/src/broker"),
    ("jsonschema", "mcp-mqtt/src/tool/validate"),
    ("metrics_exporter_prometheus", "mcp-mqtt/src/cli/metrics"),
    ("hyper", "mcp-mqtt/src/cli/metrics"),
];

/// What stops the program instead of returning an error.
const PANICS: &[&[&str]] = &[
    &[".", "unwrap", "(", ")"],
    &[".", "expect", "("],
    &[".", "unwrap_err", "(", ")"],
    &[".", "expect_err", "("],
    &["panic", "!"],
    &["todo", "!"],
    &["unimplemented", "!"],
    &["unreachable", "!"],
];

/// Where a panic is none at run time: in a constant it is a compile error, on the user's code.
const AT_COMPILE_TIME: &[(&str, &str)] = &[("mcp-mqtt/src/tool/param.rs", "panic!")];

/// Every Rust file begins with `//!`.
pub fn undocumented_files(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.path.ends_with(".rs") && !file.is_fixture() && !file.is_golden())
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| {
            format!(
                "{}: begin it with `//!`: what lives there, and what does not",
                file.path
            )
        })
        .collect()
}

/// A crate that may be exchanged one day is named in one module.
pub fn foreign_crates(files: &[File]) -> Vec<String> {
    in_library(files, |file, tokens| {
        let mut faults = Vec::new();
        for (name, home) in FOREIGN {
            let module = file.path.trim_end_matches(".rs");
            if module == *home || module.starts_with(&format!("{home}/")) {
                continue;
            }
            for line in lines_with(tokens, &[name]) {
                faults.push((
                    line,
                    format!("`{name}` is named in {home} only: wrap what you need there"),
                ));
            }
        }
        faults
    })
}

/// Errors are returned.
pub fn panics(files: &[File]) -> Vec<String> {
    in_library(files, |file, tokens| {
        let mut faults = Vec::new();
        for panic in PANICS {
            let name = panic.concat();
            if AT_COMPILE_TIME.contains(&(file.path.as_str(), name.as_str())) {
                continue;
            }
            let text =
                format!("`{name}`: return an error instead; only tests may stop the program");
            faults.extend(
                lines_with(tokens, panic)
                    .into_iter()
                    .map(|line| (line, text.clone())),
            );
        }
        faults
    })
}

/// The rules for names are the same at compile time and at run time.
pub fn grammars(files: &[File]) -> Vec<String> {
    let text = |path: &str| {
        files
            .iter()
            .find(|file| file.path == path)
            .map(|file| &file.text)
    };
    let [ours, copy] = GRAMMARS.map(text);
    match (ours, copy) {
        (Some(ours), Some(copy)) if ours == copy => Vec::new(),
        _ => vec![format!(
            "{} and {} must be equal: copy the one you changed over the other",
            GRAMMARS[0], GRAMMARS[1]
        )],
    }
}

fn in_library(
    files: &[File],
    rule: impl Fn(&File, &[tokens::Token]) -> Vec<(usize, String)>,
) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is_library_code()) {
        match tokens::of(&file.text) {
            Ok(tokens) => faults.extend(
                rule(file, &tokens)
                    .into_iter()
                    .map(|(line, text)| format!("{}:{line}: {text}", file.path)),
            ),
            Err(error) => faults.push(format!("{}: {error}", file.path)),
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(path: &str, text: &str) -> Vec<File> {
        vec![File::new(path, text)]
    }

    #[test]
    fn a_file_must_begin_with_its_purpose() {
        assert_eq!(
            undocumented_files(&one("examples/hello.rs", "use a;\n//! late")).len(),
            1
        );
        assert!(undocumented_files(&one("examples/hello.rs", "//! Says hello.\n")).is_empty());
        for shown in [
            "ui-tests/fail/tool/on_struct.rs",
            "mcp-mqtt-macros/src/tool/golden/plain.rs",
        ] {
            assert!(undocumented_files(&one(shown, "struct A;")).is_empty());
        }
    }

    #[test]
    fn a_foreign_crate_stays_in_its_module() {
        let text = "//! About rumqttc.\nuse rumqttc::v5;";
        let faults = foreign_crates(&one("mcp-mqtt/src/client/mod.rs", text));
        assert_eq!(
            faults,
            [
                "mcp-mqtt/src/client/mod.rs:2: `rumqttc` is named in mcp-mqtt/src/mqtt only: wrap what you need there"
            ]
        );
        assert!(foreign_crates(&one("mcp-mqtt/src/mqtt/task.rs", text)).is_empty());
        assert!(foreign_crates(&one("mcp-mqtt/src/mqtt.rs", text)).is_empty());
        assert_eq!(
            foreign_crates(&one("mcp-mqtt/src/mqtt_more.rs", text)).len(),
            1
        );
        assert!(
            foreign_crates(&one("mcp-mqtt/src/tool/validate.rs", "use jsonschema;")).is_empty()
        );
    }

    #[test]
    fn stopping_the_program_is_for_tests() {
        let text = "fn a() {\n b().unwrap(); c.expect(\"d\");\n todo!()\n}\n#[cfg(test)]\nmod tests { fn e() { panic!() } }";
        assert_eq!(panics(&one("mcp-mqtt/src/a.rs", text)).len(), 3);
        for test in [
            "mcp-mqtt/src/a/tests.rs",
            "mcp-mqtt/src/a/tests/b.rs",
            "mcp-mqtt/src/a/b_tests.rs",
        ] {
            assert!(panics(&one(test, text)).is_empty());
        }
        assert_eq!(
            panics(&one(
                AT_COMPILE_TIME[0].0,
                "fn a() { panic!(); b.unwrap() }"
            ))
            .len(),
            1
        );
        assert!(panics(&one("tests/src/a.rs", text)).is_empty());
        let harmless = "fn a() { b.unwrap_or(1); self.expected(); } /// c.unwrap()\nfn d() {}";
        assert!(panics(&one("mcp-mqtt/src/a.rs", harmless)).is_empty());
    }

    #[test]
    fn grammars_that_differ_or_miss_are_a_fault() {
        let files = |one: &str, other: &str| {
            vec![File::new(GRAMMARS[0], one), File::new(GRAMMARS[1], other)]
        };
        assert!(grammars(&files("a", "a")).is_empty());
        assert_eq!(grammars(&files("a", "b")).len(), 1);
        assert_eq!(grammars(&[]).len(), 1);
    }

    #[test]
    fn a_file_that_is_no_rust_is_told() {
        assert_eq!(panics(&one("mcp-mqtt/src/a.rs", "fn a( {")).len(), 1);
    }
}
