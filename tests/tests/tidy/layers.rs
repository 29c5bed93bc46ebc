//! Which module of the library may import from which: from the layers below its own, and no other.

use crate::tokens::{self, Token};
use crate::tree::File;

/// A module, and what it may import from. Whoever adds a module adds its row, and thereby decides.
const LAYERS: &[(&str, &[&str])] = &[
    ("grammar", &[]),
    ("error", &["grammar"]),
    // For whoever talks to a broker: parsing, tools and policies are the same every time.
    ("random", &[]),
    ("wire", &["error", "grammar"]),
    // Whatever layer counts something imports it; tools are known to it by their names.
    ("meter", &["wire"]),
    ("tool", &["error", "grammar", "wire", "meter"]),
    // A call without a server around it, for benchmarks.
    ("measure", &["wire", "tool"]),
    ("acl", &["error", "grammar", "wire", "tool"]),
    // Neither tools nor policies: a connection carries bytes.
    ("mqtt", &["error", "grammar", "random", "wire", "meter"]),
    // `entry` only for the plain data that an annotated `main` hands over.
    (
        "server",
        &[
            "error", "grammar", "random", "wire", "meter", "tool", "acl", "mqtt", "entry",
        ],
    ),
    (
        "client",
        &[
            "error", "grammar", "random", "wire", "meter", "tool", "acl", "mqtt",
        ],
    ),
    (
        "broker",
        &["error", "grammar", "random", "wire", "tool", "acl", "mqtt"],
    ),
];

/// Above all layers: what they may import from is not limited.
const ROOF: &[&str] = &["lib", "entry", "private", "macros", "prelude", "cli", "bin"];

/// Every import goes downwards.
pub fn faults(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is_library_code()) {
        let Some(path) = file.path.strip_prefix("mcp-mqtt/src/") else {
            continue;
        };
        let modules = modules(path);
        let Some(own) = modules.first().copied().filter(|own| !ROOF.contains(own)) else {
            continue;
        };
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == own) else {
            faults.push(format!(
                "{}: module `{own}` has no layer: give it a row in tests/tests/tidy/layers.rs",
                file.path
            ));
            continue;
        };
        let tokens = tokens::of(&file.text).unwrap_or_default();
        for (line, name) in imports(&tokens, modules.len()) {
            if name == own || allowed.contains(&name.as_str()) {
                continue;
            }
            let help = if name.starts_with(char::is_uppercase) {
                "name it by its module, not by its re-export".to_owned()
            } else if LAYERS.iter().any(|(layer, _)| *layer == name)
                || ROOF.contains(&name.as_str())
            {
                format!(
                    "it may import from {}: move what both need down",
                    allowed.join(", ")
                )
            } else {
                continue;
            };
            faults.push(format!(
                "{}:{line}: `{own}` imports `crate::{name}`: {help}",
                file.path
            ));
        }
    }
    faults
}

/// The module path of a file below `src`: `acl/mod.rs` and `acl.rs` are `acl`.
fn modules(path: &str) -> Vec<&str> {
    path.trim_end_matches(".rs")
        .trim_end_matches("/mod")
        .split('/')
        .collect()
}

/// What is named right below the crate's root: by `crate::`, or by enough `super::` from `depth` modules.
fn imports(tokens: &[Token], depth: usize) -> Vec<(usize, String)> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let path_sep = |at: usize| text(at) == ":" && text(at + 1) == ":";
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut after = at;
        let mut supers = 0;
        while text(after) == "super" && path_sep(after + 1) {
            supers += 1;
            after += 3;
        }
        let reaches_root = supers >= depth && supers > 0;
        if text(at) == "crate" && path_sep(at + 1) {
            after = at + 3;
        } else if !reaches_root {
            at = after.max(at + 1);
            continue;
        }
        if text(after) == "{" {
            found.extend(group_heads(tokens, after));
        } else if let Some(token) = tokens.get(after) {
            found.push((token.line, token.text.clone()));
        }
        at = after + 1;
    }
    found
}

/// The first name of each entry in `{a::b, c, d::{e, f}}`.
fn group_heads(tokens: &[Token], open: usize) -> Vec<(usize, String)> {
    let mut heads = Vec::new();
    let mut level = 0;
    let mut head = false;
    for token in tokens.iter().skip(open) {
        match token.text.as_str() {
            "{" => {
                level += 1;
                head = level == 1;
            }
            "}" if level == 1 => break,
            "}" => level -= 1,
            "," => head = level == 1,
            name => {
                if head {
                    heads.push((token.line, name.to_owned()));
                }
                head = false;
            }
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Vec<String> {
        faults(&[File::new(&format!("mcp-mqtt/src/{path}"), text)])
    }

    #[test]
    fn downwards_is_fine_and_upwards_is_not() {
        assert!(
            of(
                "acl/derive.rs",
                "use crate::tool::Registry; use crate::acl::Policy;"
            )
            .is_empty()
        );
        let upwards = of("acl/derive.rs", "\nuse crate::mqtt::Connection;");
        let text = "mcp-mqtt/src/acl/derive.rs:2: `acl` imports `crate::mqtt`: it may import from error, grammar, wire, tool: move what both need down";
        assert_eq!(upwards, [text]);
        assert_eq!(of("wire.rs", "fn a() -> crate::tool::Tool {}").len(), 1);
    }

    #[test]
    fn groups_and_supers_are_seen_through() {
        assert_eq!(
            of(
                "wire/mod.rs",
                "use crate::{grammar, tool::{Tool, acl}, server};"
            )
            .len(),
            2
        );
        assert_eq!(of("wire/mod.rs", "use super::tool::Tool;").len(), 1);
        assert_eq!(of("wire/card.rs", "use super::super::tool::Tool;").len(), 1);
        assert!(of("wire/card.rs", "use super::tool::Tool;").is_empty());
        assert!(of("wire/a/b.rs", "use super::super::tool;").is_empty());
    }

    #[test]
    fn a_name_re_exported_by_the_root_hides_no_layer() {
        assert!(of("wire/card.rs", "use crate::Tool;")[0].contains("by its module"));
    }

    #[test]
    fn server_and_client_do_not_know_each_other() {
        assert_eq!(of("server/mod.rs", "use crate::client::Client;").len(), 1);
        assert_eq!(of("client/mod.rs", "use crate::server::Server;").len(), 1);
        assert_eq!(of("broker/mod.rs", "use crate::server::Server;").len(), 1);
    }

    #[test]
    fn tests_and_the_roof_are_free_and_a_new_module_must_choose() {
        assert!(
            of(
                "wire/card.rs",
                "#[cfg(test)] mod tests { use crate::client::Client; }"
            )
            .is_empty()
        );
        assert!(of("cli/run.rs", "use crate::client::Client;").is_empty());
        assert!(of("lib.rs", "pub use crate::client::Client;").is_empty());
        assert!(of("novel.rs", "")[0].contains("has no layer"));
    }
}
