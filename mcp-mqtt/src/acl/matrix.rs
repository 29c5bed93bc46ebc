//! Callers and tools of a policy, and who may call what.

use std::collections::BTreeSet;

use super::policy::{Action, Policy, Principals, Rule, SELF};
use super::purpose::{Purpose, namespace_of, tool_of};
use crate::wire::filter::{self, ALL_LEVELS, ONE_LEVEL};

/// Who may call what, as a policy says it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Matrix {
    /// Every caller that a rule about calls names, sorted.
    pub callers: Vec<String>,
    /// Every tool, sorted by namespace and name.
    pub tools: Vec<ToolRow>,
}

/// One tool of a [`Matrix`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolRow {
    /// The namespace.
    pub namespace: String,
    /// The tool.
    pub tool: String,
    /// Whether any authenticated identity may call it.
    pub open: bool,
    /// How each caller may call it, in the order of [`Matrix::callers`].
    pub cells: Vec<Cell>,
}

/// How one caller may call one tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Cell {
    /// It may not.
    Denied,
    /// On the plain topic only, where its name is a claim.
    Plain,
    /// On the topic that is bound to it, and nowhere else.
    Bound,
    /// On both.
    Both,
    /// In the name of anybody: a rule with a wildcard covers the bound topics of other callers.
    AnyName,
}

impl Policy {
    /// Callers and tools as a table.
    #[must_use]
    pub fn matrix(&self) -> Matrix {
        let (tools, wide) = (self.tools(), self.wide_calls());
        let covers = |rule: &&&Rule| tools.iter().any(|tool| tool.is_called_by(rule));
        let calls = self.rules().iter().filter(|rule| rule.purpose().is_call());
        let mut callers = BTreeSet::new();
        for rule in calls.chain(wide.iter().filter(covers).copied()) {
            if let Principals::Named(names) = &rule.who {
                callers.extend(names.iter().cloned());
            }
        }
        let callers: Vec<String> = callers.into_iter().collect();
        let open = self.open(&tools, &wide);
        let row = |tool: &ToolTopics<'_>| ToolRow {
            namespace: tool.namespace.to_owned(),
            tool: tool.name.to_owned(),
            open: open.contains(&(tool.namespace, tool.name)),
            cells: callers
                .iter()
                .map(|name| self.cell(tool, &wide, name))
                .collect(),
        };
        Matrix {
            tools: tools.iter().map(row).collect(),
            callers,
        }
    }

    /// The tools that any authenticated identity may call, by name.
    pub fn open_tools(&self) -> BTreeSet<&str> {
        let open = self.open(&self.tools(), &self.wide_calls());
        open.into_iter().map(|(_, tool)| tool).collect()
    }

    /// Every tool that a rule names.
    fn tools(&self) -> Vec<ToolTopics<'_>> {
        let named = self.rules().iter().filter_map(exact_tool);
        let tools: BTreeSet<_> = named.collect();
        let topics = |(namespace, name)| ToolTopics {
            namespace,
            name,
            plain: format!("{namespace}/mcp/tools/{name}/call"),
        };
        tools.into_iter().map(topics).collect()
    }

    /// The rules with wildcards that can cover call topics. A derived policy has none.
    fn wide_calls(&self) -> Vec<&Rule> {
        let wild = |rule: &&Rule| {
            let mut levels = rule.filter.split('/');
            rule.action == Action::Publish
                && (rule.purpose().is_call() || rule.purpose() == Purpose::Other)
                && levels.any(|level| matches!(level, ONE_LEVEL | ALL_LEVELS))
        };
        self.rules().iter().filter(wild).collect()
    }

    /// Those of them that are for any authenticated identity and name no tool.
    pub(super) fn calls_of_anyone(&self) -> impl Iterator<Item = &Rule> {
        let anyone = |rule: &&Rule| rule.who == Principals::Anyone && exact_tool(rule).is_none();
        let wide = self.wide_calls().into_iter().filter(anyone);
        wide.filter(|rule| may_be_a_call(&rule.filter))
    }

    fn open<'p>(
        &'p self,
        tools: &[ToolTopics<'p>],
        wide: &[&Rule],
    ) -> BTreeSet<(&'p str, &'p str)> {
        let anyone = |rule: &&Rule| rule.who == Principals::Anyone;
        let calls = self.rules().iter().filter(|rule| rule.purpose().is_call());
        let direct = calls.filter(anyone).filter_map(exact_tool);
        let covered = tools.iter().filter(|tool| {
            let mut wide = wide.iter().copied().filter(anyone);
            wide.any(|rule| tool.is_called_by(rule))
        });
        direct
            .chain(covered.map(|tool| (tool.namespace, tool.name)))
            .collect()
    }

    fn cell(&self, tool: &ToolTopics<'_>, wide: &[&Rule], caller: &str) -> Cell {
        let may = |topic: &str| {
            self.decide(Some(caller), Action::Publish, topic)
                .is_allowed()
        };
        let any_name = |rule: &&Rule| rule.who.include(caller) && tool.is_called_in_any_name(rule);
        if wide.iter().any(any_name) {
            return Cell::AnyName;
        }
        match (may(&tool.bound(caller)), may(&tool.plain)) {
            (false, false) => Cell::Denied,
            (false, true) => Cell::Plain,
            (true, false) => Cell::Bound,
            (true, true) => Cell::Both,
        }
    }
}

/// Whether some tool of some namespace is called on a topic of the filter.
fn may_be_a_call(filter: &str) -> bool {
    let levels: Vec<_> = filter.split('/').collect();
    let is = |level: &str, word| level == word || level == ONE_LEVEL;
    let ends = |levels: &[&str]| match levels {
        [_, .., mcp, tools, _, call] => is(mcp, "mcp") && is(tools, "tools") && is(call, "call"),
        _ => false,
    };
    match levels.as_slice() {
        [.., ALL_LEVELS] => true,
        [plain @ .., _] => ends(plain) || ends(&levels),
        [] => false,
    }
}

/// Namespace and name of the one tool that a rule is about.
fn exact_tool(rule: &Rule) -> Option<(&str, &str)> {
    let tool = tool_of(&rule.filter).filter(|tool| !tool.starts_with(['+', '#']))?;
    Some((namespace_of(&rule.filter)?, tool))
}

/// A tool, and where it is called.
struct ToolTopics<'p> {
    namespace: &'p str,
    name: &'p str,
    plain: String,
}

impl ToolTopics<'_> {
    fn bound(&self, caller: &str) -> String {
        format!("{}/{caller}", self.plain)
    }

    /// Whether a rule of [`Policy::wide_calls`] lets those to whom it is granted call, in whatever name.
    fn is_called_by(&self, rule: &Rule) -> bool {
        filter::contains(&rule.filter, &self.plain)
            || filter::contains(&rule.filter, &self.bound(SELF))
    }

    fn is_called_in_any_name(&self, rule: &Rule) -> bool {
        filter::contains(&rule.filter, &self.bound(ONE_LEVEL))
    }
}
