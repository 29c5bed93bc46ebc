//! Reading cards that may have been published by anybody: what does not fit its topic is no card.

use crate::grammar;
use crate::wire::{InstanceCard, Namespace, ServerCard, ToolCard};

/// The largest card that is read, in bytes.
pub(super) const MAX_CARD: usize = 256 * 1024;

/// Reads the card on the topic of `tool`; `Err` says why it is none.
pub(super) fn tool(namespace: &Namespace, tool: &str, payload: &[u8]) -> Result<ToolCard, String> {
    let mut card: ToolCard = read(payload)?;
    if card.tool != tool {
        return Err(format!(
            "it names the tool `{}`",
            card.tool.escape_default()
        ));
    }
    // The name becomes a topic filter.
    grammar::server(&card.server).map_err(|fault| format!("its server's name {fault}"))?;
    namespace.as_str().clone_into(&mut card.namespace);
    Ok(card)
}

/// Reads the card on the topic of `server`; `Err` says why it is none.
pub(super) fn server(
    namespace: &Namespace,
    server: &str,
    payload: &[u8],
) -> Result<ServerCard, String> {
    let mut card: ServerCard = read(payload)?;
    if card.server != server {
        return Err(format!(
            "it names the server `{}`",
            card.server.escape_default()
        ));
    }
    namespace.as_str().clone_into(&mut card.namespace);
    Ok(card)
}

/// Reads the card on the topic of `instance`; `Err` says why it is none.
pub(super) fn instance(
    server: &str,
    instance: &str,
    payload: &[u8],
) -> Result<InstanceCard, String> {
    let card: InstanceCard = read(payload)?;
    if card.server != server || card.instance != instance {
        return Err(format!(
            "it names `{}` of `{}`",
            card.instance.escape_default(),
            card.server.escape_default()
        ));
    }
    Ok(card)
}

/// `Err` if it is too large to be read.
pub(super) fn check_size(payload: &[u8]) -> Result<(), String> {
    match payload.len() {
        0..=MAX_CARD => Ok(()),
        size => Err(format!("it has {size} bytes; at most {MAX_CARD} are read")),
    }
}

fn read<C: serde::de::DeserializeOwned>(payload: &[u8]) -> Result<C, String> {
    check_size(payload)?;
    serde_json::from_slice(payload).map_err(|e| e.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(in crate::client) fn tool_json(
        tool: &str,
        server: &str,
        status: &str,
        extra: Value,
    ) -> Value {
        let mut card = json!({
            "version": "1", "tool": tool, "server": server, "namespace": "demo",
            "description": "", "input_schema": {"type": "object"}, "status": status,
        });
        if !extra.is_null() {
            card["x_mcp_mqtt"] = extra;
        }
        card
    }

    pub(in crate::client) fn server_json(server: &str, status: &str) -> Value {
        json!({"version": "1", "server": server, "namespace": "demo", "tools": [], "status": status})
    }

    pub(in crate::client) fn instance_json(instance: &str, status: &str) -> Value {
        json!({
            "version": "1", "server": "hello", "namespace": "demo", "instance": instance,
            "status": status, "started_ms": 7,
        })
    }

    #[test]
    fn the_topic_names_the_instance() {
        let card = instance_json("a", "online").to_string();
        assert!(instance("hello", "a", card.as_bytes()).is_ok());
        assert!(instance("hello", "b", card.as_bytes()).is_err());
        assert!(instance("other", "a", card.as_bytes()).is_err());
    }

    #[test]
    fn the_topic_names_the_tool_and_the_server() {
        let ns = Namespace::new("demo").unwrap();
        let read = |card: Value| tool(&ns, "greet", card.to_string().as_bytes());
        assert!(read(tool_json("greet", "hello", "online", Value::Null)).is_ok());
        assert!(read(tool_json("other", "hello", "online", Value::Null)).is_err());
        assert!(
            server(
                &ns,
                "hello",
                server_json("other", "online").to_string().as_bytes()
            )
            .is_err()
        );
    }

    #[test]
    fn a_server_name_that_would_widen_a_filter_is_refused() {
        let ns = Namespace::new("demo").unwrap();
        for name in ["", "+", "#", "a/b", "a b"] {
            let card = tool_json("greet", name, "online", Value::Null).to_string();
            assert!(tool(&ns, "greet", card.as_bytes()).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_huge_deep_or_no_json_is_refused() {
        let ns = Namespace::new("demo").unwrap();
        let mut huge = tool_json("greet", "hello", "online", Value::Null);
        huge["description"] = json!("x".repeat(MAX_CARD));
        let deep = "[".repeat(100_000);
        for payload in [
            huge.to_string().as_str(),
            deep.as_str(),
            "",
            "null",
            "nonsense",
        ] {
            assert!(tool(&ns, "greet", payload.as_bytes()).is_err());
        }
    }
}
