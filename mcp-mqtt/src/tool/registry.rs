//! The tools of a server: gathered, checked, narrowed. The only reader of what `#[tool]` leaves in
//! the binary is `Registry::linked`.

use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::sync::Arc;

use super::check::{self, ToolFault};
use super::descriptor::Tool;
use super::linked;

/// The tools of a server, sorted by name.
///
/// ```
/// use mcp_mqtt::tool::{Registry, Tool, ToolContext};
///
/// let ping = Tool::builder("ping")
///     .handler(|(): (), _ctx: ToolContext| async { Ok::<_, String>("pong") })
///     .build()?;
/// let registry = Registry::empty().add(ping)?.with_default_callers(Some(&["scout"]));
///
/// assert_eq!(registry.get("ping").and_then(|tool| tool.allowed_callers()), Some(&["scout".to_owned()][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Registry {
    tools: BTreeMap<String, Tool>,
}

impl Registry {
    /// Every annotated tool of this program, those of linked libraries included.
    ///
    /// # Errors
    ///
    /// When there is none, when two have one name, when a schema is no object: all faults at once,
    /// with file and line.
    pub fn linked() -> Result<Self, RegistryError> {
        Self::checked(linked::tools())
    }

    /// The annotated tools, the first of each name, whatever is wrong with them.
    pub(crate) fn linked_regardless() -> Self {
        let mut registry = Self::empty();
        for tool in linked::tools() {
            registry.insert(tool, &mut Vec::new());
        }
        registry
    }

    /// No tools.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    fn checked(tools: Vec<Tool>) -> Result<Self, RegistryError> {
        let mut registry = Self::empty();
        let mut faults = Vec::new();
        if tools.is_empty() {
            faults.push(RegistryFault::NoTools);
        }
        for tool in tools {
            registry.insert(tool, &mut faults);
        }
        registry.unless(faults)
    }

    /// Adds a tool.
    ///
    /// # Errors
    ///
    /// When there is a tool of this name.
    #[expect(
        clippy::should_implement_trait,
        reason = "`registry + tool` would not say that it can fail"
    )]
    pub fn add(mut self, tool: Tool) -> Result<Self, RegistryError> {
        let mut faults = Vec::new();
        self.insert(tool, &mut faults);
        self.unless(faults)
    }

    fn insert(&mut self, tool: Tool, faults: &mut Vec<RegistryFault>) {
        let own = check::names(tool.name(), tool.allowed_callers(), tool.timeout())
            .into_iter()
            .chain(check::object(tool.input_schema()));
        faults.extend(own.map(|fault| RegistryFault::Tool {
            tool: tool.name().to_owned(),
            place: Place::of(&tool),
            fault,
        }));
        match self.tools.get(tool.name()) {
            Some(first) => faults.push(RegistryFault::Duplicate {
                tool: tool.name().to_owned(),
                places: [Place::of(first), Place::of(&tool)],
            }),
            None => drop(self.tools.insert(tool.name().to_owned(), tool)),
        }
    }

    fn unless(self, faults: Vec<RegistryFault>) -> Result<Self, RegistryError> {
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(RegistryError { faults })
        }
    }

    /// Only the tools with these names.
    ///
    /// # Errors
    ///
    /// When a name belongs to no tool: all such names.
    pub fn only<I>(mut self, names: I) -> Result<Self, RegistryError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let mut kept = Self::empty();
        let mut unknown = Vec::new();
        for name in names {
            match self.tools.remove_entry(name.as_ref()) {
                Some((name, tool)) => drop(kept.tools.insert(name, tool)),
                // Naming a tool twice is harmless.
                None if kept.tools.contains_key(name.as_ref()) => {}
                None => unknown.push(name.as_ref().to_owned()),
            }
        }
        let known: Vec<_> = kept
            .tools
            .keys()
            .chain(self.tools.keys())
            .cloned()
            .collect();
        let faults = unknown.into_iter().map(|name| RegistryFault::Unknown {
            name,
            known: known.clone(),
        });
        kept.unless(faults.collect())
    }

    /// Only the tools annotated in this module or below it, as in `.module(module_path!())`. There
    /// may be none; tools made by hand are in no module.
    #[must_use]
    pub fn module(mut self, module_path: &str) -> Self {
        self.tools.retain(|_, tool| {
            tool.module()
                .strip_prefix(module_path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        });
        self
    }

    /// Lets these callers call the tools that do not say who may; `None` changes nothing.
    #[must_use]
    pub fn with_default_callers(mut self, callers: Option<&[&str]>) -> Self {
        if let Some(callers) = callers {
            let callers: Arc<[String]> = callers.iter().map(|name| (*name).to_owned()).collect();
            for tool in self.tools.values_mut() {
                tool.set_default_callers(&callers);
            }
        }
        self
    }

    /// The tool of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.tools.get(name)
    }

    /// The tools, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Tool> {
        self.into_iter()
    }

    /// How many tools there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tools.len()
    }

    /// Whether there is no tool.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }
}

/// The tools, sorted by name.
impl<'a> IntoIterator for &'a Registry {
    type Item = &'a Tool;
    type IntoIter = btree_map::Values<'a, String, Tool>;

    fn into_iter(self) -> Self::IntoIter {
        self.tools.values()
    }
}

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
    fn of(tool: &Tool) -> Self {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
