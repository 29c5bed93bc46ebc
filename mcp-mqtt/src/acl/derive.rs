//! From tools and their callers to the rules that a broker enforces.
//!
//! Every row of the table in the documentation of [`crate::acl`] stands here, and nowhere else.

use std::collections::BTreeSet;

use super::policy::Action::{Publish, Subscribe};
use super::policy::{Action, Policy, Principals, Rule, SELF};
use super::purpose::Role;
use super::scope::{DeriveError, InvalidName, Profile, Scope};
use crate::grammar;
use crate::tool::{Registry, Tool};
use crate::wire::Namespace;
use crate::wire::filter::ONE_LEVEL;

/// What a policy needs to know of a tool.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToolGrant<'a> {
    pub(super) name: &'a str,
    /// `None`: any authenticated identity. `Some([])`: nobody.
    pub(super) allowed_callers: Option<&'a [String]>,
    pub(super) streaming: bool,
}

impl<'a> From<&'a Tool> for ToolGrant<'a> {
    fn from(tool: &'a Tool) -> Self {
        Self {
            name: tool.name(),
            allowed_callers: tool.allowed_callers(),
            streaming: tool.is_streaming(),
        }
    }
}

impl Policy {
    /// The policy of a server with these tools.
    ///
    /// # Errors
    ///
    /// When a name of the scope or of a tool would change the meaning of a topic or of a broker's
    /// rule; all such names are reported at once. When a group among the callers of a tool was not
    /// defined by [`Registry::with_groups`].
    pub fn derive(scope: &Scope, tools: &Registry) -> Result<Self, DeriveError> {
        let tools: Vec<_> = tools.resolved()?.iter().map(ToolGrant::from).collect();
        Self::derive_from(scope, &tools)
    }

    /// The part of that policy which concerns one role: what its callers need, or what the server does.
    /// Together they are the whole.
    ///
    /// # Errors
    ///
    /// As [`Policy::derive`].
    pub fn derive_role(scope: &Scope, tools: &Registry, role: Role) -> Result<Self, DeriveError> {
        let whole = Self::derive(scope, tools)?;
        let mut scope = scope.clone();
        let mut tools: Vec<_> = tools.iter().map(ToolGrant::from).collect();
        match role {
            Role::Caller if scope.server_identity.is_none() => return Ok(whole),
            Role::Caller => scope.server_identity = None,
            // For nobody: what remains is the server's.
            Role::Server => tools
                .iter_mut()
                .for_each(|tool| tool.allowed_callers = Some(&[])),
        }
        Self::derive_from(&scope, &tools)
    }

    pub(super) fn derive_from(scope: &Scope, tools: &[ToolGrant<'_>]) -> Result<Self, DeriveError> {
        let mut rules = Rules {
            scope,
            namespace: check(scope, tools)?,
            rules: Vec::new(),
        };
        let mut everyone = Principals::Named(BTreeSet::new());
        for tool in tools {
            let callers = match tool.allowed_callers {
                None => Principals::Anyone,
                Some(names) => Principals::Named(names.iter().cloned().collect()),
            };
            rules.callers_of(tool, &callers);
            everyone.unite(callers);
        }
        rules.every_caller(&everyone);
        if let Some(identity) = &scope.server_identity {
            rules.server(&Principals::one(identity), tools);
        }
        Ok(Self::from_rules(rules.rules))
    }
}

/// The namespace, when that and all other names are fine.
fn check(scope: &Scope, tools: &[ToolGrant<'_>]) -> Result<Namespace, DeriveError> {
    let mut faults = scope.faults();
    for tool in tools {
        let mut check = |what, name: &str, result: Result<(), _>| {
            faults.extend(result.err().map(|fault| InvalidName {
                what,
                name: name.to_owned(),
                fault,
            }));
        };
        check("tool", tool.name, grammar::tool(tool.name));
        for caller in tool.allowed_callers.unwrap_or_default() {
            check("caller", caller, grammar::caller(caller));
        }
    }
    match Namespace::new(&scope.namespace) {
        Ok(namespace) if faults.is_empty() => Ok(namespace),
        // One of the faults is that of the namespace.
        _ => Err(DeriveError::InvalidNames(faults)),
    }
}

/// The rules so far, and what their topics are made of.
struct Rules<'a> {
    scope: &'a Scope,
    namespace: Namespace,
    rules: Vec<Rule>,
}

impl Rules<'_> {
    fn grant(&mut self, who: &Principals, action: Action, filter: String) {
        self.grant_shared(who, action, None, filter);
    }

    fn grant_shared(
        &mut self,
        who: &Principals,
        action: Action,
        share: Option<String>,
        filter: String,
    ) {
        self.rules.push(Rule {
            action,
            share,
            filter,
            who: who.clone(),
        });
    }

    /// What the callers of one tool need.
    fn callers_of(&mut self, tool: &ToolGrant<'_>, callers: &Principals) {
        let name = tool.name;
        self.grant(callers, Publish, self.namespace.bound_call(name, SELF));
        match self.scope.profile {
            Profile::Reference => {
                self.grant(callers, Publish, self.namespace.call(name));
                if tool.streaming {
                    self.grant(callers, Subscribe, self.namespace.stream(name, ONE_LEVEL));
                }
            }
            Profile::Hardened => self.grant(callers, Subscribe, self.namespace.tool_card(name)),
        }
    }

    /// What everybody needs who may call anything.
    fn every_caller(&mut self, everyone: &Principals) {
        let server = &self.scope.server;
        self.grant(everyone, Publish, self.namespace.cancel(server, SELF));
        self.grant(everyone, Subscribe, self.namespace.inbox(SELF));
        let seen = match self.scope.profile {
            Profile::Reference => {
                let tools = self.namespace.tool_card(ONE_LEVEL);
                self.grant(everyone, Subscribe, tools);
                ONE_LEVEL
            }
            Profile::Hardened => server,
        };
        for card in self.server_cards(seen) {
            self.grant(everyone, Subscribe, card);
        }
    }

    /// The card of a server, and those of its instances.
    fn server_cards(&self, server: &str) -> [String; 2] {
        let instances = self.namespace.instance_card(server, ONE_LEVEL);
        [self.namespace.server_card(server), instances]
    }

    /// What the server needs and no more. It is not granted its probe, a publish to the bound topic
    /// of a made-up caller: only a refusal shows that the broker enforces anything.
    fn server(&mut self, identity: &Principals, tools: &[ToolGrant<'_>]) {
        let server = &self.scope.server;
        for card in self.server_cards(server) {
            self.grant(identity, Publish, card.clone());
            self.grant(identity, Subscribe, card);
        }
        self.grant(identity, Publish, self.namespace.inbox(ONE_LEVEL));
        let cancels = self.namespace.cancel(server, ONE_LEVEL);
        self.grant(identity, Subscribe, cancels);
        for tool in tools {
            let name = tool.name;
            let card = self.namespace.tool_card(name);
            self.grant(identity, Publish, card.clone());
            self.grant(identity, Subscribe, card);
            if tool.streaming {
                self.grant(identity, Publish, self.namespace.stream(name, ONE_LEVEL));
            }
            let group = self.scope.call_group(name);
            self.grant_shared(identity, Subscribe, group, self.namespace.calls(name));
        }
    }
}
