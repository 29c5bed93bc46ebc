//! The tools of a server: gathered, checked, narrowed. The only reader of what `#[tool]` leaves in
//! the binary is `Registry::linked`.

mod error;

use std::collections::{BTreeMap, btree_map};
use std::sync::Arc;

use super::check;
use super::descriptor::Tool;
use super::groups::{self, Groups};
use super::linked;

pub use error::{Place, RegistryError, RegistryFault};

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
        let mut faults = Vec::new();
        Self::gather(linked::tools(), &mut faults).unless(faults)
    }

    /// Every annotated tool, with what `#[mcp_server]` says of callers; the faults of all at once.
    pub(crate) fn annotated(
        default_callers: Option<&[&str]>,
        groups: &[(&str, &[&str])],
    ) -> Result<Self, RegistryError> {
        let mut faults = Vec::new();
        Self::gather(linked::tools(), &mut faults)
            .with_default_callers(default_callers)
            .resolve(groups.iter().copied(), &mut faults)
            .unless(faults)
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

    fn gather(tools: Vec<Tool>, faults: &mut Vec<RegistryFault>) -> Self {
        let mut registry = Self::empty();
        if tools.is_empty() {
            faults.push(RegistryFault::NoTools);
        }
        for tool in tools {
            registry.insert(tool, faults);
        }
        registry
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
        let own = check::names(tool.name(), tool.allowed_callers())
            .into_iter()
            .chain(check::numbers(tool.timeout(), tool.concurrency()))
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

    /// Lets these callers, and the members of groups that stand as `@name` among them, call the tools
    /// that do not say who may; `None` changes nothing.
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

    /// Defines groups of callers: each `@name` among the callers of a tool gives way to the members of
    /// the group `name`. To be called once, when the tools and their default callers are complete.
    ///
    /// A group has at least one member; members are callers, not groups. A caller that is in two of
    /// the groups, or is listed besides, counts once.
    ///
    /// ```
    /// # use mcp_mqtt::tool::{Registry, Tool, ToolContext};
    /// let ping = Tool::builder("ping")
    ///     .allowed_callers(["@ops", "dave"])
    ///     .handler(|(): (), _ctx: ToolContext| async { Ok::<_, String>("pong") })
    ///     .build()?;
    /// let registry = Registry::empty().add(ping)?.with_groups([("ops", ["alice", "bob"])])?;
    ///
    /// assert!(registry.iter().all(|tool| tool.allows("alice") && !tool.allows("mallory")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When a group is at fault, or a tool has one among its callers that is not defined: all such
    /// faults.
    pub fn with_groups<G, M>(
        self,
        groups: impl IntoIterator<Item = (G, M)>,
    ) -> Result<Self, RegistryError>
    where
        G: AsRef<str>,
        M: IntoIterator<Item: AsRef<str>>,
    {
        let mut faults = Vec::new();
        self.resolve(groups, &mut faults).unless(faults)
    }

    fn resolve<G, M>(
        mut self,
        groups: impl IntoIterator<Item = (G, M)>,
        faults: &mut Vec<RegistryFault>,
    ) -> Self
    where
        G: AsRef<str>,
        M: IntoIterator<Item: AsRef<str>>,
    {
        let mut groups = Groups::read(groups, faults);
        for tool in self.tools.values_mut() {
            let unknown = groups.unknown(tool.allowed_callers().unwrap_or_default());
            faults.extend(unknown.map(|group| RegistryFault::UnknownGroup {
                tool: tool.name().to_owned(),
                place: Place::of(tool),
                group: group.to_owned(),
                known: groups.names(),
            }));
            tool.map_callers(|callers| groups.resolve(callers));
        }
        self
    }

    /// The registry, if each group has given way to its members: no server and no policy may take a
    /// group for a caller.
    pub(crate) fn resolved(&self) -> Result<&Self, RegistryError> {
        let mut faults = Vec::new();
        for tool in self.iter() {
            let groups = groups::references(tool.allowed_callers().unwrap_or_default());
            faults.extend(groups.map(|group| RegistryFault::UnresolvedGroup {
                tool: tool.name().to_owned(),
                place: Place::of(tool),
                group: group.to_owned(),
            }));
        }
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(RegistryError { faults })
        }
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
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
