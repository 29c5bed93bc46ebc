//! Groups of callers: checked, and their members put where `@name` stands for them. Which tools there
//! are is the business of `registry`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::registry::RegistryFault;
use crate::grammar::{self, NameFault};

/// A list of callers, shared by all tools that have it.
type Callers = Arc<[String]>;

/// What can be wrong with a group, as the end of a sentence that begins with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupFault {
    /// The name is not 1–64 of `A–Z a–z 0–9 _ - .`.
    #[error("its name {0}; use 1 to 64 of `A-Z a-z 0-9 _ - .`")]
    Name(NameFault),
    /// There are two groups of this name.
    #[error("it is defined twice; make one of both")]
    Duplicate,
    /// It has no member, so that a list with this group alone would mean nobody.
    #[error(
        "it has no members; for a tool that nobody may call, leave the list of its callers empty"
    )]
    Empty,
    /// A member is a group.
    #[error("its member `{0}` is a group, and groups have callers only; list those instead")]
    Nested(String),
    /// The name of a member breaks the rules for callers.
    #[error("its member `{}` {fault}", .name.escape_debug())]
    Caller {
        /// The name.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// A member is listed twice.
    #[error("its member `{0}` is listed twice; list it once")]
    DuplicateCaller(String),
}

/// Groups by name. Those at fault are known as well, so that one fault does not cause others.
#[derive(Debug, Default)]
pub(super) struct Groups {
    members: BTreeMap<String, Vec<String>>,
    /// Lists that were resolved, to share what comes out. Without it a list of default callers would
    /// be copied for each tool.
    resolved: BTreeMap<Callers, Callers>,
}

impl Groups {
    /// Checks the groups; what is wrong goes to `faults`.
    pub(super) fn read<G, M>(
        groups: impl IntoIterator<Item = (G, M)>,
        faults: &mut Vec<RegistryFault>,
    ) -> Self
    where
        G: AsRef<str>,
        M: IntoIterator<Item: AsRef<str>>,
    {
        let mut known = BTreeMap::new();
        for (group, members) in groups {
            let group = group.as_ref().to_owned();
            let members: Vec<_> = members.into_iter().map(|m| m.as_ref().to_owned()).collect();
            let mut own = check(&group, &members);
            if known.contains_key(&group) {
                own.push(GroupFault::Duplicate);
            }
            faults.extend(own.into_iter().map(|fault| RegistryFault::Group {
                group: group.clone(),
                fault,
            }));
            known.entry(group).or_insert(members);
        }
        Self {
            members: known,
            resolved: BTreeMap::new(),
        }
    }

    /// The names, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    /// The groups in a list of callers that are not known.
    pub(super) fn unknown<'a>(&self, callers: &'a [String]) -> impl Iterator<Item = &'a str> {
        references(callers).filter(|group| !self.members.contains_key(*group))
    }

    /// The callers of a list with the members of its groups, each once, in the order of the list.
    pub(super) fn resolve(&mut self, callers: &Callers) -> Callers {
        if references(callers).next().is_none() {
            return Arc::clone(callers);
        }
        if let Some(known) = self.resolved.get(callers) {
            return Arc::clone(known);
        }
        let mut seen = BTreeSet::new();
        let plain: Callers = callers
            .iter()
            .flat_map(|entry| match grammar::as_group(entry) {
                Some(group) => self.members.get(group).map_or(&[][..], Vec::as_slice),
                None => std::slice::from_ref(entry),
            })
            .filter(|caller| seen.insert(caller.as_str()))
            .cloned()
            .collect();
        self.resolved
            .insert(Arc::clone(callers), Arc::clone(&plain));
        plain
    }
}

/// The groups that a list of callers refers to, without their `@`.
pub(super) fn references(callers: &[String]) -> impl Iterator<Item = &str> {
    callers.iter().filter_map(|entry| grammar::as_group(entry))
}

fn check(group: &str, members: &[String]) -> Vec<GroupFault> {
    let mut faults = Vec::new();
    faults.extend(grammar::group(group).err().map(GroupFault::Name));
    if members.is_empty() {
        faults.push(GroupFault::Empty);
    }
    let mut seen = BTreeSet::new();
    for name in members.iter().cloned() {
        if !seen.insert(name.clone()) {
            faults.push(GroupFault::DuplicateCaller(name));
        } else if grammar::as_group(&name).is_some() {
            faults.push(GroupFault::Nested(name));
        } else if let Err(fault) = grammar::caller(&name) {
            faults.push(GroupFault::Caller { name, fault });
        }
    }
    faults
}

/// The known word nearest to `unknown`, if one is near enough to be meant.
pub(super) fn nearest<'a>(unknown: &str, known: &'a [String]) -> Option<&'a str> {
    let allowed = (unknown.chars().count() / 3).max(1);
    known
        .iter()
        .map(|word| (strsim::osa_distance(unknown, word), word.as_str()))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
