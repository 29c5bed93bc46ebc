//! How long files may be: one over the limit holds two thoughts.

use crate::tree::File;

const LONGEST: usize = 500;
const MEDIAN: usize = 150;
const NINE_OF_TEN: usize = 350;

/// Every Rust file keeps to the limit; the library as a whole keeps its files short.
pub fn faults(files: &[File]) -> Vec<String> {
    let lines = |file: &File| file.text.lines().count();
    let mut faults: Vec<String> = files
        .iter()
        .filter(|file| file.path.ends_with(".rs") && !file.is_golden() && lines(file) > LONGEST)
        .map(|file| {
            format!(
                "{}: {} lines: split it, none has over {LONGEST}",
                file.path,
                lines(file)
            )
        })
        .collect();
    let mut library: Vec<usize> = files
        .iter()
        .filter(|file| file.is_library_code())
        .map(lines)
        .collect();
    library.sort_unstable();
    for (share, limit, name) in [(50, MEDIAN, "median"), (90, NINE_OF_TEN, "90 % mark")] {
        let at = library.len().saturating_sub(1) * share / 100;
        if let Some(lines) = library.get(at).filter(|lines| **lines > limit) {
            faults.push(format!("the {name} of the library's files is {lines} lines: split the longest until it is {limit}"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, lines: usize) -> File {
        File::new(&format!("mcp-mqtt/src/{name}.rs"), &"line\n".repeat(lines))
    }

    #[test]
    fn a_file_over_the_limit_is_named() {
        assert!(faults(&[file("a", LONGEST), file("b", 1), file("c", 1)]).is_empty());
        let faults = faults(&[file("a", LONGEST + 1), file("b", 1), file("c", 1)]);
        assert_eq!(
            faults,
            ["mcp-mqtt/src/a.rs: 501 lines: split it, none has over 500"]
        );
    }

    #[test]
    fn many_long_files_are_too_many() {
        let long = |name| file(name, MEDIAN + 1);
        assert!(faults(&[long("a"), file("b", 1), file("c", 1)]).is_empty());
        assert_eq!(faults(&[long("a"), long("b"), file("c", 1)]).len(), 1);
        let most = [file("a", 400), file("b", 400), file("c", 400)];
        assert_eq!(faults(&most).len(), 2);
    }
}
