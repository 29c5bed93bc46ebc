//! The embedded broker as its clients see it: who gets in, and what they get.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod life;
mod peer;
mod publish;
mod subscribe;
mod visitors;

use std::collections::BTreeSet;

use super::{Broker, BrokerBuilder};
use crate::acl::{Action, Policy, Principals, Rule};

/// A rule for these names; `*` is any identity. A filter may begin with `$share/{group}/`.
fn rule(who: &[&str], action: Action, filter: &str) -> Rule {
    let (share, filter) = match filter.strip_prefix("$share/") {
        Some(rest) => {
            let (group, filter) = rest.split_once('/').unwrap();
            (Some(group.to_owned()), filter)
        }
        None => (None, filter),
    };
    let who = match who {
        ["*"] => Principals::Anyone,
        names => Principals::Named(names.iter().map(|&n| n.to_owned()).collect::<BTreeSet<_>>()),
    };
    Rule {
        action,
        share,
        filter: filter.to_owned(),
        who,
    }
}

/// One server, `hello`, with the tools `greet` for scout and `report` for analyst.
fn policy() -> Policy {
    use Action::{Publish, Subscribe};
    Policy::from_rules([
        rule(&["scout"], Publish, "demo/mcp/tools/greet/call/{$self}"),
        rule(&["analyst"], Publish, "demo/mcp/tools/report/call/{$self}"),
        rule(&["*"], Subscribe, "demo/mcp/clients/{$self}/responses"),
        rule(&["scout", "analyst"], Subscribe, "demo/mcp/servers/+/card"),
        rule(&["hello"], Publish, "demo/mcp/clients/+/responses"),
        rule(&["hello"], Publish, "demo/mcp/servers/hello/card"),
        rule(
            &["hello"],
            Subscribe,
            "$share/mcp-tool-greet/demo/mcp/tools/greet/call/#",
        ),
    ])
}

const SCOUTS_CALL: &str = "demo/mcp/tools/greet/call/scout";
const SCOUTS_INBOX: &str = "demo/mcp/clients/scout/responses";
const CARD: &str = "demo/mcp/servers/hello/card";
const SHARE: &str = "$share/mcp-tool-greet/demo/mcp/tools/greet/call/#";

fn builder() -> BrokerBuilder {
    Broker::builder().policy(policy())
}

async fn broker() -> Broker {
    builder().start().await.unwrap()
}
