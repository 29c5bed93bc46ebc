//! Instance Cards: which processes of a server live. One connection has one will, and that sets the
//! Server Card offline, so what lives besides is told by a card of each instance.

use serde::{Deserialize, Serialize};

use super::card::CARD_VERSION;

/// An Instance Card, retained with an expiry on `{ns}/mcp/servers/{server}/instances/{instance}`.
///
/// An addition of this implementation to the draft. An empty payload takes the card back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstanceCard {
    /// Version of the card format, `"1"`.
    pub version: String,
    /// Name of the server, as in the topic.
    pub server: String,
    /// Namespace of the server.
    pub namespace: String,
    /// Name of the instance, as in the topic: new at each start of a process.
    pub instance: String,
    /// What the instance does now.
    pub status: InstanceStatus,
    /// When the process started, in milliseconds since 1970-01-01 UTC. Of two instances that would
    /// publish different cards, the later one, or else the one with the higher name, has its way.
    pub started_ms: u64,
    /// When this card was published, as RFC 3339.
    #[serde(default)]
    pub last_seen: String,
}

/// What an instance does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum InstanceStatus {
    /// It takes calls.
    Online,
    /// It takes no new calls, and finishes those it has.
    Leaving,
    /// It is gone.
    Offline,
}

impl InstanceCard {
    /// A card of now.
    #[must_use]
    pub fn new(
        namespace: impl Into<String>,
        server: impl Into<String>,
        instance: impl Into<String>,
        started_ms: u64,
        status: InstanceStatus,
    ) -> Self {
        Self {
            version: CARD_VERSION.to_owned(),
            server: server.into(),
            namespace: namespace.into(),
            instance: instance.into(),
            status,
            started_ms,
            last_seen: super::card::timestamp(),
        }
    }
}

/// What this implementation adds to a Server Card, as `x_mcp_mqtt`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServerExtra {
    /// The instance that published the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// When that instance started, in milliseconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// In a last will: the instance that is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<String>,
}

impl ServerExtra {
    /// What a living instance says of itself.
    #[must_use]
    pub fn of(instance: impl Into<String>, started_ms: u64) -> Self {
        Self {
            instance: Some(instance.into()),
            started_ms: Some(started_ms),
            gone: None,
        }
    }

    /// What the last will of an instance says.
    #[must_use]
    pub fn gone(instance: impl Into<String>) -> Self {
        Self {
            gone: Some(instance.into()),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_card_is_read_back() {
        let card = InstanceCard::new("demo", "hello", "a1", 7, InstanceStatus::Leaving);
        let text = serde_json::to_string(&card).unwrap();
        assert!(text.contains(r#""status":"leaving""#), "{text}");
        assert_eq!(serde_json::from_str::<InstanceCard>(&text).unwrap(), card);
    }
}
