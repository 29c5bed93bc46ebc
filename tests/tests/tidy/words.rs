//! What no file may name: places that exist on one machine, and where packages come from.

use crate::tree::File;

// Split, so that this file does not name them either.
const NEVER: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "is a path of one machine"),
    (concat!("/ro", "ot/"), "is a path of one machine"),
    (concat!("/ho", "me/"), "is a path of one machine"),
    (concat!("/tm", "p/wt"), "is a path of one machine"),
    (concat!("/tm", "p/target"), "is a path of one machine"),
    (
        concat!("regis", "try.npmjs.org"),
        "is a registry's host: clients know their own",
    ),
    (
        concat!("index.", "crates.io"),
        "is a registry's host: clients know their own",
    ),
    (
        concat!("static.", "crates.io"),
        "is a registry's host: clients know their own",
    ),
    (
        concat!("pyt", "honhosted.org"),
        "is a registry's host: clients know their own",
    ),
    (
        concat!("//py", "pi.org"),
        "is a registry's host: clients know their own",
    ),
    (
        concat!("deb.", "debian.org"),
        "is a registry's host: clients know their own",
    ),
];

const BESIDE: &str = concat!("sha", "red/");
const MAY_LOOK_BESIDE: [&str; 2] = ["tests/run", ".ci/run"];

/// The repository stands for itself.
pub fn faults(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            let mut fault = |word: &str, why: &str| {
                faults.push(format!(
                    "{}:{}: `{word}` {why}: leave it out",
                    file.path,
                    number + 1
                ));
            };
            for (word, why) in NEVER.iter().filter(|(word, _)| stands_in(line, word)) {
                fault(word, why);
            }
            if stands_in(line, BESIDE) && !MAY_LOOK_BESIDE.contains(&file.path.as_str()) {
                fault(BESIDE, "is no part of this repository");
            }
        }
    }
    faults
}

/// Whether `word` stands in `line` by itself, not as the tail of a longer name.
fn stands_in(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '$'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_forbidden_word_is_found_and_told_with_its_line() {
        for (word, _) in NEVER {
            assert_eq!(
                faults(&[File::new("README.md", &format!("fine\nsee {word}x"))]).len(),
                1,
                "{word}"
            );
        }
        let found = faults(&[File::new("README.md", &format!("see `../{BESIDE}a`"))]);
        assert_eq!(
            found,
            [format!(
                "README.md:1: `{BESIDE}` is no part of this repository: leave it out"
            )]
        );
    }

    #[test]
    fn a_longer_name_is_another_name_and_scripts_may_look_beside() {
        let home = concat!("ho", "me/");
        for line in [
            format!("un{BESIDE}x"),
            format!("see ~/{home}x"),
            format!("a/b/{home}x"),
        ] {
            assert!(
                faults(&[File::new("README.md", &line)]).is_empty(),
                "{line}"
            );
        }
        assert!(faults(&[File::new("tests/run", BESIDE)]).is_empty());
    }
}
