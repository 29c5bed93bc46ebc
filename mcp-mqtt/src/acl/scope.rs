//! What a policy is derived for, besides the tools: the server, its namespace, the choices.

use std::fmt;
use std::str::FromStr;

use crate::error::UnknownWord;
use crate::grammar::{self, NameFault};
use crate::tool::RegistryError;
use crate::wire::Namespace;

/// Which peers a policy is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// What clients of the published draft need: the plain call topic, on which a caller is only
    /// claimed; stream topics that every caller of a tool can read; discovery of everything.
    #[default]
    Reference,
    /// For clients of this crate: calls only on the topic that is bound to the caller, partial
    /// results only in the caller's inbox, discovery of this server and of one's own tools.
    Hardened,
}

impl Profile {
    /// All profiles.
    pub const ALL: &[Self] = &[Self::Reference, Self::Hardened];
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reference => "reference",
            Self::Hardened => "hardened",
        })
    }
}

impl FromStr for Profile {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        UnknownWord::find("profile", Self::ALL, word)
    }
}

/// What a policy is derived for, besides the tools.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scope {
    /// The levels before `mcp` in every topic.
    pub namespace: String,
    /// The server's name.
    pub server: String,
    /// Which peers it is made for.
    pub profile: Profile,
    /// The identity with which the server connects; without it the policy holds no grants of the
    /// server.
    pub server_identity: Option<String>,
    /// What is appended to the names of the server's share groups, so that nobody can guess them:
    /// 1–64 of `A–Z a–z 0–9 _ - .`. It is a secret, and stands in the server's rules.
    pub share_key: Option<String>,
    /// Whether the replicas of the server share its calls.
    pub shared: bool,
}

impl Scope {
    /// The reference profile, shared subscriptions without a key, no grants of the server.
    pub fn new(namespace: impl Into<String>, server: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            server: server.into(),
            profile: Profile::default(),
            server_identity: None,
            share_key: None,
            shared: true,
        }
    }

    /// The share group of the calls of a tool; `None` when the replicas share nothing.
    pub(super) fn call_group(&self, tool: &str) -> Option<String> {
        self.shared
            .then(|| Namespace::share_group(tool, self.share_key.as_deref()))
    }

    pub(super) fn faults(&self) -> Vec<InvalidName> {
        let mut faults = Vec::new();
        let mut check = |what, name: &str, result: Result<(), NameFault>| {
            faults.extend(result.err().map(|fault| InvalidName {
                what,
                name: name.to_owned(),
                fault,
            }));
        };
        let (namespace, server) = (&self.namespace, &self.server);
        check("namespace", namespace, grammar::namespace(namespace));
        check("server", server, grammar::server(server));
        if let Some(name) = &self.server_identity {
            check("server identity", name, grammar::caller(name));
        }
        if let Some(key) = &self.share_key {
            check("share key", "(secret)", grammar::server(key));
        }
        faults
    }
}

/// A policy could not be derived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeriveError {
    /// Names that would become topics or broker rules with another meaning; all of them.
    #[error("no policy can be derived from these names:{}", lines(.0))]
    InvalidNames(Vec<InvalidName>),
    /// Groups among the callers of tools are not defined.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// A name that is against the grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{what} `{}` {fault}; rename it", .name.escape_debug())]
pub struct InvalidName {
    /// What bears the name, such as `server` or ``caller of tool `greet` ``.
    pub what: &'static str,
    /// The name.
    pub name: String,
    /// What is wrong with it.
    pub fault: NameFault,
}

fn lines(faults: &[InvalidName]) -> String {
    faults.iter().map(|fault| format!("\n  {fault}")).collect()
}
