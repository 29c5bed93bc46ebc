//! Several policies into one, for servers that share a broker.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::policy::{Policy, Rule};
use super::purpose::{Purpose, Role, namespace_of, server_of, tool_of};

/// Policies that cannot be united: all conflicts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policies cannot be merged:{}", lines(.conflicts))]
#[non_exhaustive]
pub struct MergeError {
    /// Each tool that two policies grant differently.
    pub conflicts: Vec<Conflict>,
}

/// One tool name of one namespace that two policies mean differently.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict {
    /// The namespace.
    pub namespace: String,
    /// The tool.
    pub tool: String,
    /// The names that were given for the two policies.
    pub policies: [String; 2],
    /// What differs.
    pub difference: Difference,
}

/// How two policies differ in one tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// They are of two servers, which would take each other's calls.
    Servers,
    /// They are of one server and grant the tool to different callers: one of them is out of date.
    Grants,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, other] = &self.policies;
        let (namespace, tool) = (&self.namespace, &self.tool);
        write!(
            f,
            "tool `{tool}` of namespace `{namespace}` is in {one} and in {other}, "
        )?;
        f.write_str(match self.difference {
            Difference::Servers => {
                "of two servers, which would take each other's calls; rename one of the tools or \
                 give the servers namespaces of their own"
            }
            Difference::Grants => {
                "with different grants; export both from the same version of the server"
            }
        })
    }
}

fn lines(conflicts: &[Conflict]) -> String {
    conflicts.iter().map(|c| format!("\n  {c}")).collect()
}

/// What one policy says of one tool.
struct Claim<'p> {
    policy: &'p str,
    servers: BTreeSet<&'p str>,
    grants: Vec<&'p Rule>,
}

impl Claim<'_> {
    /// Whether both grant the same to callers, or to servers, as far as both say anything of them.
    fn agrees(&self, other: &Self, role: Role) -> bool {
        let of = |claim: &Self| -> Vec<Rule> {
            let rules = claim.grants.iter().filter(|rule| rule.role() == Some(role));
            rules.map(|rule| (*rule).clone()).collect()
        };
        let (one, other) = (of(self), of(other));
        one.is_empty() || other.is_empty() || one == other
    }

    /// Whether they can be of one server. A policy that is itself a merged one names several.
    fn may_be_of_one_server(&self, other: &Self) -> bool {
        self.servers == other.servers || !self.servers.is_disjoint(&other.servers)
    }
}

impl Policy {
    /// The union of policies, each with a name by which an error calls it, such as its file.
    ///
    /// The order does not matter, and a policy that is there twice changes nothing.
    ///
    /// # Errors
    ///
    /// [`MergeError`] when two policies mean different things by one tool name of one namespace:
    /// united, each would be wider than it was.
    ///
    /// ```
    /// use mcp_mqtt::acl::{Policy, Scope};
    /// use mcp_mqtt::tool::{Registry, Tool, ToolContext};
    ///
    /// let policy = |server: &str, tool: &str| -> Result<_, Box<dyn std::error::Error>> {
    ///     let tool = Tool::builder(tool)
    ///         .allowed_callers(["scout"])
    ///         .handler(|(): (), _: ToolContext| async { Ok::<_, String>(()) })
    ///         .build()?;
    ///     Ok(Policy::derive(&Scope::new("demo", server), &Registry::empty().add(tool)?)?)
    /// };
    /// let (one, two) = (policy("one", "read")?, policy("two", "write")?);
    /// let merged = Policy::merge([("one.json", &one), ("two.json", &two)])?;
    /// assert_eq!(merged, Policy::merge([("two.json", &two), ("one.json", &one)])?);
    ///
    /// let other = policy("two", "read")?;
    /// assert!(Policy::merge([("one.json", &one), ("other.json", &other)]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn merge<'p>(
        policies: impl IntoIterator<Item = (&'p str, &'p Self)>,
    ) -> Result<Self, MergeError> {
        let policies: Vec<_> = policies.into_iter().collect();
        let mut claims: BTreeMap<(&str, &str), Claim<'_>> = BTreeMap::new();
        let mut conflicts = Vec::new();
        for (name, policy) in &policies {
            for (tool, claim) in claims_of(name, policy) {
                match claims.get(&tool) {
                    None => drop(claims.insert(tool, claim)),
                    Some(earlier) => conflicts.extend(conflict(tool, earlier, &claim)),
                }
            }
        }
        if !conflicts.is_empty() {
            return Err(MergeError { conflicts });
        }
        let rules = policies.iter().flat_map(|(_, policy)| policy.rules());
        Ok(Self::from_rules(rules.cloned()))
    }
}

/// The tools of a policy by namespace and name. Rules about no tool in particular, such as one that
/// lets callers discover all of them, claim none.
fn claims_of<'p>(name: &'p str, policy: &'p Policy) -> BTreeMap<(&'p str, &'p str), Claim<'p>> {
    let mut servers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for rule in policy.rules() {
        if matches!(rule.purpose(), Purpose::Cancel | Purpose::ServeCancels)
            && let (Some(namespace), Some(server)) =
                (namespace_of(&rule.filter), server_of(&rule.filter))
        {
            servers.entry(namespace).or_default().insert(server);
        }
    }
    let mut claims: BTreeMap<_, Claim<'_>> = BTreeMap::new();
    for rule in policy.rules() {
        let place = (namespace_of(&rule.filter), tool_of(&rule.filter));
        let (Some(namespace), Some(tool)) = place else {
            continue;
        };
        // Who may see its card follows from who may call and who serves it.
        if tool.starts_with(['+', '#'])
            || matches!(rule.purpose(), Purpose::Discovery | Purpose::Announce)
        {
            continue;
        }
        let claim = claims.entry((namespace, tool)).or_insert_with(|| Claim {
            policy: name,
            servers: servers.get(namespace).cloned().unwrap_or_default(),
            grants: Vec::new(),
        });
        claim.grants.push(rule);
    }
    claims
}

fn conflict(
    (namespace, tool): (&str, &str),
    one: &Claim<'_>,
    other: &Claim<'_>,
) -> Option<Conflict> {
    let difference = if !one.may_be_of_one_server(other) {
        Difference::Servers
    } else if [Role::Caller, Role::Server]
        .into_iter()
        .any(|role| !one.agrees(other, role))
    {
        Difference::Grants
    } else {
        return None;
    };
    Some(Conflict {
        namespace: namespace.to_owned(),
        tool: tool.to_owned(),
        policies: [one.policy.to_owned(), other.policy.to_owned()],
        difference,
    })
}
