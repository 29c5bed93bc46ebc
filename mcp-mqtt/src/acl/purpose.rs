//! What a rule is for, read from its action and its topic.
//!
//! Only explanations, order and warnings depend on it; no decision does.

use std::fmt;

use super::policy::Action;

/// What a rule is for. The order is that of a policy: callers first, then the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Calling a tool on the topic that is bound to the caller.
    Call,
    /// Calling a tool on the plain topic, where the caller is only claimed.
    PlainCall,
    /// Cancelling a call.
    Cancel,
    /// Receiving responses.
    Inbox,
    /// Seeing which servers and tools there are. The server sees its own cards by it, too.
    Discovery,
    /// Receiving partial results on the topic that all callers of a tool share.
    Stream,
    /// Announcing the server, an instance of it or a tool.
    Announce,
    /// Answering callers.
    Respond,
    /// Sending partial results on the shared topic.
    SendStream,
    /// Receiving calls.
    ServeCalls,
    /// Receiving cancels.
    ServeCancels,
    /// A topic that this project does not know.
    Other,
}

/// Who needs a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Whoever calls tools.
    Caller,
    /// Whoever serves them.
    Server,
}

impl Purpose {
    pub(crate) fn of(action: Action, filter: &str) -> Self {
        use Action::{Publish, Subscribe};
        let mut levels = [""; 5];
        for (slot, level) in levels.iter_mut().zip(filter.rsplit('/')) {
            *slot = level;
        }
        // Last level first.
        match (levels, action) {
            (["call", _, "tools", "mcp", _], Publish) => Self::PlainCall,
            ([_, "call", _, "tools", "mcp"], Publish) => Self::Call,
            (["call", _, "tools", "mcp", _] | [_, "call", _, "tools", "mcp"], Subscribe) => {
                Self::ServeCalls
            }
            ([_, "cancel", _, "servers", "mcp"], Publish) => Self::Cancel,
            ([_, "cancel", _, "servers", "mcp"], Subscribe) => Self::ServeCancels,
            (["responses", _, "clients", "mcp", _], Publish) => Self::Respond,
            (["responses", _, "clients", "mcp", _], Subscribe) => Self::Inbox,
            ([_, "stream", _, "tools", "mcp"], Publish) => Self::SendStream,
            ([_, "stream", _, "tools", "mcp"], Subscribe) => Self::Stream,
            (
                ["card", _, "servers" | "tools", "mcp", _] | [_, "instances", _, "servers", "mcp"],
                action,
            ) => match action {
                Publish => Self::Announce,
                Subscribe => Self::Discovery,
            },
            _ => Self::Other,
        }
    }

    /// Whether a rule for this is needed by a caller or by a server.
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Call | Self::PlainCall | Self::Cancel | Self::Inbox => Some(Role::Caller),
            Self::Discovery | Self::Stream => Some(Role::Caller),
            Self::Announce | Self::Respond | Self::SendStream => Some(Role::Server),
            Self::ServeCalls | Self::ServeCancels => Some(Role::Server),
            Self::Other => None,
        }
    }

    pub(crate) fn is_call(self) -> bool {
        matches!(self, Self::Call | Self::PlainCall)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "calls, bound to the caller",
            Self::PlainCall => "calls, the caller is a claim",
            Self::Cancel => "cancels",
            Self::Inbox => "own responses",
            Self::Discovery => "discovery",
            Self::Stream => "shared partial results",
            Self::Announce => "announcements",
            Self::Respond => "responses",
            Self::SendStream => "shared partial results",
            Self::ServeCalls => "calls to serve",
            Self::ServeCancels => "cancels to serve",
            Self::Other => "other topics",
        })
    }
}

/// The tool whose topic this is: the level after the last `mcp/tools`.
pub(crate) fn tool_of(filter: &str) -> Option<&str> {
    level_after(filter, "tools")
}

/// The server whose topic this is: the level after the last `mcp/servers`.
pub(crate) fn server_of(filter: &str) -> Option<&str> {
    level_after(filter, "servers")
}

/// The namespace whose topic this is.
pub(crate) fn namespace_of(filter: &str) -> Option<&str> {
    ["tools", "servers", "clients"]
        .iter()
        .filter_map(|kind| filter.rsplit_once(&format!("/mcp/{kind}/")))
        .map(|(namespace, _)| namespace)
        .max_by_key(|namespace| namespace.len())
}

fn level_after<'a>(filter: &'a str, kind: &str) -> Option<&'a str> {
    let (_, rest) = filter.rsplit_once(&format!("/mcp/{kind}/"))?;
    rest.split('/').next().filter(|level| !level.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_and_the_action_tell_the_purpose() {
        use Action::{Publish, Subscribe};
        for (action, filter, purpose) in [
            (Publish, "a/v1/mcp/tools/t/call", Purpose::PlainCall),
            (Publish, "a/v1/mcp/tools/t/call/{$self}", Purpose::Call),
            (Subscribe, "a/mcp/tools/t/call/#", Purpose::ServeCalls),
            (Subscribe, "a/mcp/clients/{$self}/responses", Purpose::Inbox),
            (Publish, "a/mcp/clients/+/responses", Purpose::Respond),
            (Subscribe, "a/mcp/servers/+/card", Purpose::Discovery),
            (Publish, "a/mcp/servers/s/instances/+", Purpose::Announce),
            (Publish, "a/other/tools/t/call", Purpose::Other),
            (Subscribe, "#", Purpose::Other),
        ] {
            assert_eq!(Purpose::of(action, filter), purpose, "{filter}");
        }
    }

    #[test]
    fn a_namespace_may_look_like_a_topic() {
        let filter = "mcp/tools/mcp/tools/call/call";
        assert_eq!(namespace_of(filter), Some("mcp/tools"));
        assert_eq!(tool_of(filter), Some("call"));
        assert_eq!(namespace_of("a/mcp/servers/s/card"), Some("a"));
        assert_eq!(server_of("a/mcp/servers/s/card"), Some("s"));
    }
}
