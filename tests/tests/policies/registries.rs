//! Registries and scopes, drawn: names at the edges of the grammar, shared and own callers, tools for
//! nobody and for anybody, several servers and namespaces on one broker.

use std::collections::BTreeSet;
use std::fmt;

use mcp_mqtt::acl::{ExportOptions, Format, Policy, Profile, Scope};
use mcp_mqtt::tool::{Registry, Tool, ToolContext};
use proptest::prelude::*;
use serde_json::Value;

/// Callers who may be named: the characters of the grammar, its longest name, names that differ in
/// case only, words that mean something in topics or in some format, the server's name and more.
pub const CALLERS: &[&str] = &[
    "scout", "Scout", "a", "=:@.", "-", "call", "all", "true", "x@y", "7", LONGEST, "svc-x",
];
/// As long as a name may be.
pub const LONGEST: &str = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn";
/// The server's identity.
pub const SERVER: &str = "svc";

const TOOLS: &[&str] = &[
    "a", "A", "a.b", "_", "call", "mcp", "tools", "..", "-", LONGEST,
];
const NAMESPACES: &[&str] = &["demo", "a/v1", "mcp/tools", "Demo"];
const SERVERS: &[&str] = &["hello", "servers", "-", "a.B"];

/// The policy of one broker, and what it was derived from.
#[derive(Clone)]
pub struct Case {
    pub policy: Policy,
    /// One a server, at least one.
    pub scopes: Vec<Scope>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&json(&self.policy))
    }
}

/// One server or two, with tools of their own.
pub fn case() -> impl Strategy<Value = Case> {
    let servers = prop_oneof![
        3 => prop::collection::vec(server(), 1..=1),
        1 => prop::collection::vec(server(), 2..=2),
    ];
    servers.prop_map(|servers| {
        let policies: Vec<_> = servers
            .iter()
            .map(|(scope, tools)| Policy::derive(scope, tools).unwrap())
            .collect();
        Case {
            policy: united(&policies),
            scopes: servers.into_iter().map(|(scope, _)| scope).collect(),
        }
    })
}

fn server() -> impl Strategy<Value = (Scope, Registry)> {
    let callers = prop::sample::select(CALLERS).prop_map(str::to_owned);
    let callers = prop::option::weighted(0.75, prop::collection::btree_set(callers, 0..4));
    let name = prop::sample::select(TOOLS);
    let tools = prop::collection::btree_map(name, (callers, any::<bool>()), 0..5);
    let names = (
        prop::sample::select(NAMESPACES),
        prop::sample::select(SERVERS),
    );
    let key = prop::option::of(Just("K3y".to_owned()));
    (tools, names, any::<[bool; 3]>(), key).prop_map(|(tools, names, flags, share_key)| {
        let (namespace, server) = names;
        let [hardened, has_identity, shared] = flags;
        let mut scope = Scope::new(namespace, server);
        if hardened {
            scope.profile = Profile::Hardened;
        }
        scope.server_identity = has_identity.then(|| SERVER.to_owned());
        scope.share_key = share_key;
        scope.shared = shared;
        let tools = tools
            .into_iter()
            .map(|(name, (callers, streaming))| tool(name, callers, streaming));
        let registry = tools.fold(Registry::empty(), |all, tool| all.add(tool).unwrap());
        (scope, registry)
    })
}

fn tool(name: &str, callers: Option<BTreeSet<String>>, streaming: bool) -> Tool {
    let mut tool = Tool::builder(name);
    if let Some(callers) = callers {
        tool = tool.allowed_callers(callers);
    }
    if streaming {
        tool = tool.streaming();
    }
    tool.handler(|(): (), _: ToolContext| async { Ok::<_, String>(()) })
        .build()
        .unwrap()
}

/// One policy of the rules of all: in ACL v2, rules are a list.
fn united(policies: &[Policy]) -> Policy {
    let mut rules = Vec::new();
    for policy in policies {
        let mut document: Value = serde_json::from_str(&json(policy)).unwrap();
        rules.extend(document["rules"].take().as_array().unwrap().clone());
    }
    let document = serde_json::json!({"version": "2", "default": "deny", "rules": rules});
    Policy::from_json(&document.to_string()).unwrap()
}

fn json(policy: &Policy) -> String {
    let export = policy.export(Format::Json, &ExportOptions::default());
    export.unwrap().text
}
