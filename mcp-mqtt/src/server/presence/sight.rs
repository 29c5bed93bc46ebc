//! What a card that came says: whether it is online, and whether it is the one this instance would publish.

use serde::Serialize;
use serde_json::Value;

use crate::wire::{InstanceCard, ServerCard, Status};

/// A card of more bytes is not read, unless the own one is as large.
const MAX_CARD: usize = 1024 * 1024;

/// No Instance Card has as many bytes.
const MAX_INSTANCE_CARD: usize = 4 * 1024;

/// What is retained in the place of an own card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// Nothing, nothing that can be read, or an offline card.
    Down,
    /// An online card with other content.
    Other,
    /// What this instance would publish.
    Ours,
}

impl Sight {
    pub(super) fn of(payload: &[u8], own: &impl Serialize) -> Self {
        let own = serde_json::to_vec(own).unwrap_or_default();
        if payload.len() > MAX_CARD.max(2 * own.len()) {
            return Self::Down;
        }
        // Both are read, so that a number is as exact in one as in the other.
        match (read(payload), read(&own)) {
            (Some(seen), _) if seen["status"] != "online" => Self::Down,
            (Some(seen), Some(own)) if seen == own => Self::Ours,
            (Some(_), _) => Self::Other,
            (None, _) => Self::Down,
        }
    }
}

/// A card without the time of its publication.
fn read(payload: &[u8]) -> Option<Value> {
    let mut card: Value = serde_json::from_slice(payload).ok()?;
    card.as_object_mut()?.remove("last_seen");
    Some(card)
}

/// The instance that a last will tells to be gone.
pub(super) fn gone(payload: &[u8]) -> Option<String> {
    if payload.len() > MAX_CARD {
        return None;
    }
    let card: ServerCard = serde_json::from_slice(payload).ok()?;
    (card.status == Status::Offline).then_some(card.extra?.gone?)
}

/// The card of `instance`, if it is one.
pub(super) fn instance_card(payload: &[u8], server: &str, instance: &str) -> Option<InstanceCard> {
    if payload.len() > MAX_INSTANCE_CARD {
        return None;
    }
    let card: InstanceCard = serde_json::from_slice(payload).ok()?;
    (card.server == server && card.instance == instance).then_some(card)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sight(payload: &[u8]) -> Sight {
        Sight::of(
            payload,
            &json!({"status": "online", "n": 0.1, "last_seen": "now"}),
        )
    }

    #[test]
    fn the_time_of_publication_makes_no_other_card() {
        assert_eq!(
            sight(br#"{"n":0.1,"status":"online","last_seen":"then"}"#),
            Sight::Ours
        );
        assert_eq!(sight(br#"{"n":0.2,"status":"online"}"#), Sight::Other);
    }

    #[test]
    fn what_is_not_online_is_down() {
        let deep = "[".repeat(200_000);
        let huge = format!(r#"{{"status":"online","pad":"{}"}}"#, "x".repeat(MAX_CARD));
        for payload in [
            "",
            "{",
            "[]",
            "7",
            r#"{"status":"offline"}"#,
            "{}",
            &deep,
            &huge,
        ] {
            assert_eq!(sight(payload.as_bytes()), Sight::Down);
        }
    }

    #[test]
    fn an_instance_card_is_of_the_instance_in_its_topic() {
        let card = InstanceCard::new(
            "demo",
            "hello",
            "a1",
            7,
            crate::wire::InstanceStatus::Online,
        );
        let text = serde_json::to_vec(&card).unwrap();
        assert_eq!(instance_card(&text, "hello", "a1"), Some(card));
        assert_eq!(instance_card(&text, "hello", "b2"), None);
        assert_eq!(instance_card(&text, "other", "a1"), None);
        assert_eq!(
            instance_card(&[b' '; MAX_INSTANCE_CARD + 1], "hello", "a1"),
            None
        );
        assert_eq!(instance_card(b"{\"started_ms\":-1}", "hello", "a1"), None);
    }

    #[test]
    fn only_an_offline_card_tells_of_an_instance_that_is_gone() {
        let card = |status| {
            format!(
                r#"{{"version":"1","server":"s","namespace":"n","status":"{status}","x_mcp_mqtt":{{"gone":"a1"}}}}"#
            )
        };
        assert_eq!(gone(card("offline").as_bytes()).as_deref(), Some("a1"));
        assert_eq!(gone(card("online").as_bytes()), None);
        assert_eq!(gone(b"{}"), None);
    }
}
