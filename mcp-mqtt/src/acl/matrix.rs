//! Callers and tools of a policy, and who may call what.

use std::collections::BTreeSet;

use super::policy::{Action, Policy, Principals};
use super::purpose::{namespace_of, tool_of};

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
}

impl Policy {
    /// Callers and tools as a table.
    #[must_use]
    pub fn matrix(&self) -> Matrix {
        let mut callers = BTreeSet::new();
        let mut tools = BTreeSet::new();
        for rule in self.rules() {
            let place = (namespace_of(&rule.filter), tool_of(&rule.filter));
            let (Some(namespace), Some(tool)) = place else {
                continue;
            };
            if !tool.starts_with(['+', '#']) {
                tools.insert((namespace, tool));
            }
            if rule.purpose().is_call()
                && let Principals::Named(names) = &rule.who
            {
                callers.extend(names.iter().cloned());
            }
        }
        let open = self.open_tools_by_namespace();
        let callers: Vec<String> = callers.into_iter().collect();
        let row = |(namespace, tool): (&str, &str)| ToolRow {
            namespace: namespace.to_owned(),
            tool: tool.to_owned(),
            open: open.contains(&(namespace, tool)),
            cells: callers
                .iter()
                .map(|caller| self.cell(namespace, tool, caller))
                .collect(),
        };
        Matrix {
            tools: tools.into_iter().map(row).collect(),
            callers,
        }
    }

    fn cell(&self, namespace: &str, tool: &str, caller: &str) -> Cell {
        let may = |topic: &str| {
            self.decide(Some(caller), Action::Publish, topic)
                .is_allowed()
        };
        let plain = format!("{namespace}/mcp/tools/{tool}/call");
        match (may(&format!("{plain}/{caller}")), may(&plain)) {
            (false, false) => Cell::Denied,
            (false, true) => Cell::Plain,
            (true, false) => Cell::Bound,
            (true, true) => Cell::Both,
        }
    }

    fn open_tools_by_namespace(&self) -> BTreeSet<(&str, &str)> {
        self.rules()
            .iter()
            .filter(|rule| rule.who == Principals::Anyone && rule.purpose().is_call())
            .filter_map(|rule| Some((namespace_of(&rule.filter)?, tool_of(&rule.filter)?)))
            .collect()
    }
}
