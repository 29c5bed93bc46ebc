//! Links in Markdown files to other files and headings of this repository, and the book's contents.

use std::collections::BTreeSet;

use crate::tree::File;

const CHAPTERS: &str = "book/src/";
const SUMMARY: &str = "book/src/SUMMARY.md";

/// Every relative link has its target; every chapter is in the contents.
pub fn faults(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for (line, target) in links(&file.text) {
            if let Some(missing) = missing(files, file, &target) {
                faults.push(format!("{}:{line}: {missing}: correct the link", file.path));
            }
        }
    }
    let Some(summary) = files.iter().find(|file| file.path == SUMMARY) else {
        return faults;
    };
    let listed: BTreeSet<String> = links(&summary.text)
        .into_iter()
        .map(|(_, target)| target)
        .collect();
    for file in files.iter().filter(|file| file.path != SUMMARY) {
        let chapter = file
            .path
            .strip_prefix(CHAPTERS)
            .filter(|name| name.ends_with(".md"));
        if let Some(chapter) = chapter.filter(|chapter| !listed.contains(*chapter)) {
            faults.push(format!("{SUMMARY}: lacks {chapter}: add the chapter"));
        }
    }
    faults
}

fn missing(files: &[File], from: &File, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() {
        Some(from.path.clone())
    } else {
        resolve(&from.path, path)
    };
    let Some(path) = path else {
        return Some(format!("`{target}` leaves the repository"));
    };
    let folder = format!("{path}/");
    if path.is_empty() || files.iter().any(|file| file.path.starts_with(&folder)) {
        return None;
    }
    let Some(file) = files.iter().find(|file| file.path == path) else {
        return Some(format!("`{target}` is not there"));
    };
    let found = heading.is_empty() || headings(&file.text).contains(heading);
    (!found).then(|| format!("`{path}` has no heading `#{heading}`"))
}

fn resolve(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

/// The targets of `[text](target)`, with their lines, outside of code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        // Every other piece stands between backticks.
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for rest in plain.split("](").skip(1) {
            if let Some((target, _)) = rest.split_once(')') {
                links.push((number, target.to_owned()));
            }
        }
    }
    links
}

fn headings(text: &str) -> BTreeSet<String> {
    let slug = |heading: &str| -> String {
        let kept = heading
            .trim()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| {
            if c == ' ' {
                '-'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
    };
    prose(text)
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| slug(line.trim_start_matches('#')))
        .collect()
}

fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut code = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        if line.trim_start().starts_with("```") {
            code = !code;
            return None;
        }
        (!code).then_some((at + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        faults(&[
            File::new("docs/a.md", text),
            File::new("README.md", "# Two words\n```\n# no heading\n```"),
        ])
    }

    #[test]
    fn a_link_needs_its_target() {
        assert!(
            of("[a](../README.md) [b](../README.md#two-words) [c](https://example.org/x) [d](..)")
                .is_empty()
        );
        assert_eq!(
            of("\n[a](gone.md)"),
            ["docs/a.md:2: `gone.md` is not there: correct the link"]
        );
        assert!(of("[a](../../b)")[0].contains("leaves the repository"));
        assert!(of("[a](../README.md#no-heading)")[0].contains("has no heading"));
        assert!(of("[a](#nothing)")[0].contains("has no heading"));
    }

    #[test]
    fn code_holds_no_links() {
        assert!(of("`[a](gone.md)`\n```\n[a](gone.md)\n```").is_empty());
    }

    #[test]
    fn a_chapter_must_be_in_the_contents() {
        let files = [
            File::new(SUMMARY, "[One](one.md)"),
            File::new("book/src/one.md", ""),
            File::new("book/src/two.md", ""),
        ];
        assert_eq!(
            faults(&files),
            ["book/src/SUMMARY.md: lacks two.md: add the chapter"]
        );
    }
}
