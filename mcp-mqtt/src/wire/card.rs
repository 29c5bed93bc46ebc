//! Tool Cards and Server Cards: the retained messages by which servers are found.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::presence::ServerExtra;

/// The version that every card of the draft carries.
pub const CARD_VERSION: &str = "1";

/// Whether a tool or server takes calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Status {
    /// It takes calls.
    Online,
    /// It does not.
    Offline,
}

/// How often one call runs a tool, as far as this implementation's own peers decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Delivery {
    /// Running twice does no harm, so the client sends a call again whose outcome it does not know.
    AtLeastOnce,
    /// The client never sends a call twice. A broker that hands the call of a dead replica to another one
    /// makes a second delivery, which may run it again.
    AtMostOncePerDelivery,
}

/// A Tool Card, retained on `{ns}/mcp/tools/{tool}/card`.
///
/// The fields are those of the draft; what this implementation adds stands in [`ToolExtra`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolCard {
    /// Version of the card format, `"1"`.
    pub version: String,
    /// Name of the tool, as in the topic.
    pub tool: String,
    /// Server that serves it.
    pub server: String,
    /// Namespace of both.
    pub namespace: String,
    /// What the tool does, for the model that chooses.
    #[serde(default)]
    pub description: String,
    /// JSON Schema (draft 2020-12) of the arguments.
    pub input_schema: Value,
    /// JSON Schema of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// Whether a call may report partial results.
    #[serde(default)]
    pub supports_streaming: bool,
    /// Whether a caller needs an identity that the broker knows.
    #[serde(default)]
    pub requires_auth: bool,
    /// Who may call; absent when every authenticated identity may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_callers: Option<Vec<String>>,
    /// Versions of the implementation and of the tool.
    #[serde(default)]
    pub version_info: VersionInfo,
    /// Whether the tool takes calls.
    pub status: Status,
    /// When this card was published, as RFC 3339.
    #[serde(default)]
    pub last_seen: String,
    /// What this implementation adds to the draft.
    #[serde(
        default,
        rename = "x_mcp_mqtt",
        skip_serializing_if = "Option::is_none"
    )]
    pub extra: Option<ToolExtra>,
}

/// What this implementation adds to a Tool Card, as `x_mcp_mqtt`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolExtra {
    /// Title for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Hex SHA-256 of the input schema: what a client caches by.
    #[serde(default)]
    pub schema_hash: String,
    /// Whether the caller-bound call topic `…/call/{caller}` is served.
    #[serde(default)]
    pub bound: bool,
    /// Whether partial results come to the response topic when a call asks for it.
    #[serde(default)]
    pub inbox: bool,
    /// Whether the server refuses callers that the broker does not vouch for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_verified: bool,
    /// How often one call may run the tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// How long a call may run, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// MCP's hint: the tool changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// MCP's hint: what the tool changes may be lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destructive: Option<bool>,
    /// MCP's hint: calling it twice is like calling it once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// MCP's hint: the tool talks to an open world, such as the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_world: Option<bool>,
}

/// A Server Card, retained on `{ns}/mcp/servers/{server}/card`; the last will sets it offline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServerCard {
    /// Version of the card format, `"1"`.
    pub version: String,
    /// Name of the server, as in the topic.
    pub server: String,
    /// Namespace of the server.
    pub namespace: String,
    /// What the server is for; an addition to the draft.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Names of its tools.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Versions of the implementation and of the server.
    #[serde(default)]
    pub version_info: VersionInfo,
    /// Whether the server is there.
    pub status: Status,
    /// When this card was published, as RFC 3339.
    #[serde(default)]
    pub last_seen: String,
    /// What this implementation adds to the draft.
    #[serde(
        default,
        rename = "x_mcp_mqtt",
        skip_serializing_if = "Option::is_none"
    )]
    pub extra: Option<ServerExtra>,
}

/// Versions in a card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VersionInfo {
    /// The implementation that published the card.
    #[serde(default)]
    pub sdk: String,
    /// Version of the tool, in a Tool Card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Version of the server, in a Server Card; an addition to the draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

impl VersionInfo {
    /// The versions as this implementation writes them.
    #[must_use]
    pub fn ours() -> Self {
        Self {
            sdk: concat!("mcp-mqtt/", env!("CARGO_PKG_VERSION")).to_owned(),
            ..Self::default()
        }
    }
}

/// Now, as the RFC 3339 timestamps of cards and calls: UTC with milliseconds.
#[must_use]
pub fn timestamp() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_of_the_reference_implementation_is_read() {
        let card: ToolCard = serde_json::from_str(
            r#"{"version":"1","tool":"add","server":"s","namespace":"a2a/v1","description":"d",
                "input_schema":{"type":"object"},"supports_streaming":false,"requires_auth":true,
                "version_info":{"sdk":"0.1.0"},"status":"online","last_seen":"2026-04-21T00:00:00.000Z"}"#,
        )
        .unwrap();
        assert_eq!(card.status, Status::Online);
        assert_eq!(card.extra, None);
        assert_eq!(card.allowed_callers, None);
    }

    #[test]
    fn timestamps_are_rfc_3339_in_utc() {
        let now = timestamp();
        assert!(humantime::parse_rfc3339(&now).is_ok(), "{now}");
        assert_eq!(now.len(), "2026-04-21T00:00:00.000Z".len());
    }
}
