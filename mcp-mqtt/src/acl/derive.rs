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
        check(scope, tools)?;
        let mut rules = Rules {
            scope,
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

fn check(scope: &Scope, tools: &[ToolGrant<'_>]) -> Result<(), DeriveError> {
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
    match faults.is_empty() {
        true => Ok(()),
        false => Err(DeriveError::InvalidNames(faults)),
    }
}

/// The rules so far, and what their topics begin with.
struct Rules<'a> {
    scope: &'a Scope,
    rules: Vec<Rule>,
}

impl Rules<'_> {
    /// Grants the topic `{namespace}/mcp/{rest}`.
    fn grant(&mut self, who: &Principals, action: Action, rest: &str) {
        self.grant_shared(who, action, None, rest);
    }

    fn grant_shared(
        &mut self,
        who: &Principals,
        action: Action,
        share: Option<String>,
        rest: &str,
    ) {
        self.rules.push(Rule {
            action,
            share,
            filter: format!("{}/mcp/{rest}", self.scope.namespace),
            who: who.clone(),
        });
    }

    /// What the callers of one tool need.
    fn callers_of(&mut self, tool: &ToolGrant<'_>, callers: &Principals) {
        let name = tool.name;
        self.grant(callers, Publish, &format!("tools/{name}/call/{SELF}"));
        match self.scope.profile {
            Profile::Reference => {
                self.grant(callers, Publish, &format!("tools/{name}/call"));
                if tool.streaming {
                    self.grant(callers, Subscribe, &format!("tools/{name}/stream/+"));
                }
            }
            Profile::Hardened => self.grant(callers, Subscribe, &format!("tools/{name}/card")),
        }
    }

    /// What everybody needs who may call anything.
    fn every_caller(&mut self, everyone: &Principals) {
        let server = &self.scope.server;
        self.grant(
            everyone,
            Publish,
            &format!("servers/{server}/cancel/{SELF}"),
        );
        self.grant(everyone, Subscribe, &format!("clients/{SELF}/responses"));
        match self.scope.profile {
            Profile::Reference => {
                self.grant(everyone, Subscribe, "servers/+/card");
                self.grant(everyone, Subscribe, "servers/+/instances/+");
                self.grant(everyone, Subscribe, "tools/+/card");
            }
            Profile::Hardened => {
                self.grant(everyone, Subscribe, &format!("servers/{server}/card"));
                let instances = format!("servers/{server}/instances/+");
                self.grant(everyone, Subscribe, &instances);
            }
        }
    }

    /// What the server needs and no more. It is not granted its probe, a publish to the bound topic
    /// of a made-up caller: only a refusal shows that the broker enforces anything.
    fn server(&mut self, identity: &Principals, tools: &[ToolGrant<'_>]) {
        let server = &self.scope.server;
        for own in ["card", "instances/+"] {
            let topic = format!("servers/{server}/{own}");
            self.grant(identity, Publish, &topic);
            self.grant(identity, Subscribe, &topic);
        }
        self.grant(identity, Publish, "clients/+/responses");
        self.grant(identity, Subscribe, &format!("servers/{server}/cancel/+"));
        for tool in tools {
            let name = tool.name;
            let card = format!("tools/{name}/card");
            self.grant(identity, Publish, &card);
            self.grant(identity, Subscribe, &card);
            if tool.streaming {
                self.grant(identity, Publish, &format!("tools/{name}/stream/+"));
            }
            let group = self.scope.call_group(name);
            self.grant_shared(identity, Subscribe, group, &format!("tools/{name}/call/#"));
        }
    }
}
