//! The specification of policies: what is granted, how it is written, how it is read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod brokers;
mod decide;
mod derive;
mod golden;
mod mosquitto;
mod named;
mod operations;
mod oracle;
mod read;
mod weaknesses;

use super::derive::ToolGrant;
use super::{Policy, Profile, Scope};

/// A tool by hand: its name, its callers, whether it streams.
struct Tool(&'static str, Option<Vec<String>>, bool);

fn tool(name: &'static str, callers: &[&str]) -> Tool {
    let callers = callers.iter().map(|name| (*name).to_owned()).collect();
    Tool(name, Some(callers), false)
}

fn streaming(mut tool: Tool) -> Tool {
    tool.2 = true;
    tool
}

fn open(name: &'static str) -> Tool {
    Tool(name, None, false)
}

fn derive(scope: &Scope, tools: &[Tool]) -> Policy {
    let grants: Vec<_> = tools.iter().map(grant).collect();
    Policy::derive_from(scope, &grants).unwrap()
}

fn grant(tool: &Tool) -> ToolGrant<'_> {
    let Tool(name, callers, streaming) = tool;
    ToolGrant {
        name,
        allowed_callers: callers.as_deref(),
        streaming: *streaming,
    }
}

/// The server `hello` in `demo`, with or without its own grants.
fn scope(profile: Profile, identity: Option<&str>) -> Scope {
    Scope {
        profile,
        server_identity: identity.map(str::to_owned),
        ..Scope::new("demo", "hello")
    }
}

/// Two callers who share one of their tools, and a tool for nobody.
fn closed_tools() -> Vec<Tool> {
    vec![
        tool("greet", &["scout", "analyst"]),
        streaming(tool("count_to", &["scout"])),
        tool("locked", &[]),
    ]
}

/// Every feature but open tools, which formats cannot express that know clients by name only.
fn named_tools() -> Vec<Tool> {
    let mut tools = closed_tools();
    tools.push(tool("audit.log-1_A", &["ops@acme:eu=1", "-"]));
    tools
}

/// Every feature: shared and own callers, nobody, anybody, names at the edge of the grammar.
fn all_tools() -> Vec<Tool> {
    let mut tools = named_tools();
    tools.push(streaming(open("status")));
    tools
}
