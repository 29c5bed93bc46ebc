//! What can be wrong with the tools of a server when they are gathered, and how it is said.

use std::fmt;

use super::super::check::ToolFault;
use super::super::descriptor::Tool;
use super::super::groups::{self, GroupFault};

/// Where a tool comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// An annotation.
    Source {
        /// The file, as the compiler was given it.
        file: &'static str,
        /// The line, from 1.
        line: u32,
    },
    /// `Tool::builder`.
    ByHand,
}

impl Place {
    pub(super) fn of(tool: &Tool) -> Self {
        match tool.source() {
            Some((file, line)) => Self::Source { file, line },
            None => Self::ByHand,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source { file, line } => write!(f, "{file}:{line}"),
            Self::ByHand => f.write_str("made by hand"),
        }
    }
}

/// One fault of a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryFault {
    /// The program contains no annotated tool.
    #[error(
        "no tools are linked\nhelp: put `#[tool]` on an async fn; if the tools are in a library, \
         write `use that_crate as _;`, or the linker leaves it out"
    )]
    NoTools,
    /// Two tools have one name.
    #[error(
        "tool `{tool}` is there twice: {} and {}\nhelp: rename one with `#[tool(name = \"…\")]`",
        places[0], places[1]
    )]
    Duplicate {
        /// The name.
        tool: String,
        /// Where the two come from.
        places: [Place; 2],
    },
    /// A tool cannot be served as it is.
    #[error("tool `{tool}` ({place}): {fault}")]
    Tool {
        /// The name.
        tool: String,
        /// Where it comes from.
        place: Place,
        /// What is wrong with it.
        fault: ToolFault,
    },
    /// A group of callers cannot be used.
    #[error("group `{}`: {fault}", .group.escape_debug())]
    Group {
        /// The name, without `@`.
        group: String,
        /// What is wrong with it.
        fault: GroupFault,
    },
    /// A tool has a group among its callers that is not defined.
    #[error(
        "tool `{tool}` ({place}): there is no group `@{}`{}",
        .group.escape_debug(), help(.group, .known)
    )]
    UnknownGroup {
        /// The name of the tool.
        tool: String,
        /// Where it comes from.
        place: Place,
        /// The name of the group, without `@`.
        group: String,
        /// The names of the groups there are.
        known: Vec<String>,
    },
    /// A tool has a group among its callers, and nobody has said who is in it.
    #[error(
        "tool `{tool}` ({place}): nobody has said who is in the group `@{}` of its callers\n\
         help: define it by `Registry::with_groups` before the registry is used",
        .group.escape_debug()
    )]
    UnresolvedGroup {
        /// The name of the tool.
        tool: String,
        /// Where it comes from.
        place: Place,
        /// The name of the group, without `@`.
        group: String,
    },
    /// A name that no tool has was asked for.
    #[error("there is no tool `{name}`; there are: {}", .known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
}

/// The tools of a program do not make a server; all that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct RegistryError {
    /// What is wrong; never empty.
    pub faults: Vec<RegistryFault>,
}

/// Each fault on a line of its own, some followed by a line of help.
impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

/// Which group was meant, and which ones there are.
fn help(group: &str, known: &[String]) -> String {
    if known.is_empty() {
        return "\nhelp: no groups are defined; do so in `#[mcp_server(groups(…))]` or by `Registry::with_groups`"
            .to_owned();
    }
    let meant = groups::nearest(group, known)
        .map_or_else(String::new, |name| format!("did you mean `@{name}`? "));
    let known = known.join("`, `@");
    format!("\nhelp: {meant}the groups are `@{known}`")
}
