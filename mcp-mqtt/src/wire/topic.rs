//! The topics of the tool-topics dialect: built from names, and parsed back into them.
//!
//! Topic filters and their matching live in [`filter`](super::filter).

use crate::grammar::{self, NameFault};

/// The namespace that is used when none is given.
pub const DEFAULT_NAMESPACE: &str = "a2a/v1";

/// The prefix of every topic of one deployment, such as `a2a/v1`; its names have been checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Namespace(String);

/// What a topic below a namespace is for, with the names that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Topic<'a> {
    /// `{ns}/mcp/servers/{server}/card`
    ServerCard {
        /// The server that the card describes.
        server: &'a str,
    },
    /// `{ns}/mcp/tools/{tool}/card`
    ToolCard {
        /// The tool that the card describes.
        tool: &'a str,
    },
    /// `{ns}/mcp/tools/{tool}/call`, and `…/call/{caller}` with the caller in the topic
    Call {
        /// The tool that is called.
        tool: &'a str,
        /// The caller, if this is the caller-bound form.
        caller: Option<&'a str>,
    },
    /// `{ns}/mcp/tools/{tool}/stream/{call_id}`
    Stream {
        /// The tool that streams.
        tool: &'a str,
        /// The call that the partial results belong to.
        call_id: &'a str,
    },
    /// `{ns}/mcp/clients/{client}/responses`
    Inbox {
        /// The client whose inbox this is.
        client: &'a str,
    },
    /// `{ns}/mcp/servers/{server}/cancel/{caller}`
    Cancel {
        /// The server that runs the call.
        server: &'a str,
        /// The caller whose call is to stop.
        caller: &'a str,
    },
}

impl Namespace {
    /// Checks `name` by the grammar of namespaces and takes it.
    ///
    /// # Errors
    ///
    /// [`NameFault`] says what is wrong with `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use mcp_mqtt::wire::Namespace;
    ///
    /// let ns = Namespace::new("demo")?;
    /// assert_eq!(ns.call("greet"), "demo/mcp/tools/greet/call");
    /// assert!(Namespace::new("demo/#").is_err());
    /// # Ok::<(), mcp_mqtt::grammar::NameFault>(())
    /// ```
    pub fn new(name: impl Into<String>) -> Result<Self, NameFault> {
        let name = name.into();
        grammar::namespace(&name)?;
        Ok(Self(name))
    }

    /// The namespace as it stands in topics.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The retained Server Card of `server`.
    #[must_use]
    pub fn server_card(&self, server: &str) -> String {
        format!("{}/mcp/servers/{server}/card", self.0)
    }

    /// The retained card of one instance of `server`.
    #[must_use]
    pub fn instance_card(&self, server: &str, instance: &str) -> String {
        format!("{}/mcp/servers/{server}/instances/{instance}", self.0)
    }

    /// The retained Tool Card of `tool`.
    #[must_use]
    pub fn tool_card(&self, tool: &str) -> String {
        format!("{}/mcp/tools/{tool}/card", self.0)
    }

    /// Where `tool` is called; who calls is then a claim in the payload.
    #[must_use]
    pub fn call(&self, tool: &str) -> String {
        format!("{}/mcp/tools/{tool}/call", self.0)
    }

    /// Where `caller` calls `tool`; a policy grants this topic to that caller alone.
    #[must_use]
    pub fn bound_call(&self, tool: &str, caller: &str) -> String {
        format!("{}/mcp/tools/{tool}/call/{caller}", self.0)
    }

    /// The filter of both forms of calls of `tool`.
    #[must_use]
    pub fn calls(&self, tool: &str) -> String {
        format!("{}/mcp/tools/{tool}/call/#", self.0)
    }

    /// The share group of the replicas that serve `tool`: `mcp-tool-{tool}`, with `.{key}` behind it
    /// when the deployment has a share key.
    #[must_use]
    pub fn share_group(tool: &str, share_key: Option<&str>) -> String {
        match share_key {
            Some(key) => format!("mcp-tool-{tool}.{key}"),
            None => format!("mcp-tool-{tool}"),
        }
    }

    /// The inbox of `client`: responses, and partial results that were asked for there.
    #[must_use]
    pub fn inbox(&self, client: &str) -> String {
        format!("{}/mcp/clients/{client}/responses", self.0)
    }

    /// Partial results of one call. `call_id` must have passed [`is_stream_id`].
    #[must_use]
    pub fn stream(&self, tool: &str, call_id: &str) -> String {
        format!("{}/mcp/tools/{tool}/stream/{call_id}", self.0)
    }

    /// Where `caller` stops calls of its own on `server`.
    #[must_use]
    pub fn cancel(&self, server: &str, caller: &str) -> String {
        format!("{}/mcp/servers/{server}/cancel/{caller}", self.0)
    }

    /// Parses a topic of this namespace; every name in it has then passed the grammar.
    ///
    /// `None` for a topic of another namespace, of another shape, or with a name that is none.
    #[must_use]
    pub fn parse<'a>(&self, topic: &'a str) -> Option<Topic<'a>> {
        let rest = topic.strip_prefix(self.0.as_str())?.strip_prefix("/mcp/")?;
        let mut levels = rest.split('/');
        let (kind, name, what) = (levels.next()?, levels.next()?, levels.next()?);
        let (last, more) = (levels.next(), levels.next());
        if more.is_some() {
            return None;
        }
        let parsed = match (kind, what, last) {
            ("servers", "card", None) => Topic::ServerCard { server: name },
            ("tools", "card", None) => Topic::ToolCard { tool: name },
            ("tools", "call", caller) => Topic::Call { tool: name, caller },
            ("tools", "stream", Some(call_id)) => Topic::Stream {
                tool: name,
                call_id,
            },
            ("clients", "responses", None) => Topic::Inbox { client: name },
            ("servers", "cancel", Some(caller)) => Topic::Cancel {
                server: name,
                caller,
            },
            _ => return None,
        };
        parsed.is_well_named().then_some(parsed)
    }
}

impl std::fmt::Display for Namespace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Topic<'_> {
    fn is_well_named(&self) -> bool {
        match *self {
            Self::ServerCard { server } => grammar::server(server).is_ok(),
            Self::ToolCard { tool } => grammar::tool(tool).is_ok(),
            Self::Call { tool, caller } => {
                grammar::tool(tool).is_ok() && caller.is_none_or(|c| grammar::caller(c).is_ok())
            }
            Self::Stream { tool, call_id } => grammar::tool(tool).is_ok() && is_stream_id(call_id),
            Self::Inbox { client } => grammar::caller(client).is_ok(),
            Self::Cancel { server, caller } => {
                grammar::server(server).is_ok() && grammar::caller(caller).is_ok()
            }
        }
    }
}

/// Whether `call_id` may stand in a stream topic: 1–128 of `A–Z a–z 0–9 _ . : -`.
///
/// Anything else never gets a stream topic: a `+`, `#` or NUL in a published topic makes brokers
/// disconnect the server.
#[must_use]
pub fn is_stream_id(call_id: &str) -> bool {
    (1..=super::MAX_CALL_ID).contains(&call_id.len())
        && call_id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ns() -> Namespace {
        Namespace::new("a2a/v1").unwrap()
    }

    #[test]
    fn what_is_built_is_parsed_back() {
        let ns = ns();
        let cases = [
            (
                ns.server_card("hello"),
                Topic::ServerCard { server: "hello" },
            ),
            (ns.tool_card("greet"), Topic::ToolCard { tool: "greet" }),
            (
                ns.call("greet"),
                Topic::Call {
                    tool: "greet",
                    caller: None,
                },
            ),
            (
                ns.bound_call("greet", "scout"),
                Topic::Call {
                    tool: "greet",
                    caller: Some("scout"),
                },
            ),
            (
                ns.stream("greet", "call_1:x"),
                Topic::Stream {
                    tool: "greet",
                    call_id: "call_1:x",
                },
            ),
            (ns.inbox("scout"), Topic::Inbox { client: "scout" }),
            (
                ns.cancel("hello", "scout"),
                Topic::Cancel {
                    server: "hello",
                    caller: "scout",
                },
            ),
        ];
        for (built, parsed) in cases {
            assert_eq!(ns.parse(&built), Some(parsed), "{built}");
        }
    }

    #[test]
    fn what_is_no_topic_of_ours_is_none() {
        for topic in [
            "",
            "a2a/v1",
            "a2a/v1/mcp/tools",
            "a2a/v1/mcp/tools/greet",
            "a2a/v1/mcp/tools//call",
            "a2a/v1/mcp/tools/gr eet/call",
            "a2a/v1/mcp/tools/greet/call/",
            "a2a/v1/mcp/tools/greet/call/a/b",
            "a2a/v1/mcp/tools/+/call",
            "a2a/v1/mcp/tools/greet/call/#",
            "a2a/v1/mcp/tools/greet/CALL",
            "a2a/v1/mcp/tools/greet/stream/",
            "a2a/v1x/mcp/tools/greet/call",
            "other/mcp/tools/greet/call",
            "a2a/v1/mcp/clients/x-sub/responses",
        ] {
            assert_eq!(ns().parse(topic), None, "{topic}");
        }
    }
}
