//! What the directory makes of cards, as a specification.

use super::*;
use crate::client::cards::tests::{instance_json, server_json, tool_json};
use serde_json::{Value, json};

const TOOL: &str = "demo/mcp/tools/greet/card";
const SERVER: &str = "demo/mcp/servers/hello/card";
const ONLINE: Sight = Sight::Online {
    bound: false,
    inbox: false,
};

fn directory() -> Directory {
    Directory::new(Namespace::new("demo").unwrap(), 2)
}

/// A directory in which `greet` is in a call and its card's subscription acknowledged at `now`.
fn watching(now: Instant) -> Directory {
    let mut directory = directory();
    assert!(directory.acquire("greet"));
    assert_eq!(directory.take_wanted(), [TOOL]);
    directory.subscribed(TOOL, true, now);
    directory
}

fn tool_card(directory: &mut Directory, status: &str, extra: Value) -> bool {
    let card = tool_json("greet", "hello", status, extra);
    directory.tool_card("greet", card.to_string().as_bytes())
}

fn server_card(directory: &mut Directory, status: &str) -> bool {
    server_card_at(directory, status, Instant::now())
}

fn server_card_at(directory: &mut Directory, status: &str, now: Instant) -> bool {
    let card = server_json("hello", status).to_string();
    directory.server_card("hello", card.as_bytes(), now)
}

#[test]
fn a_tool_is_subscribed_at_its_first_call_only() {
    let mut directory = directory();
    assert!(directory.acquire("greet"));
    assert_eq!(directory.take_wanted(), [TOOL]);
    assert!(!directory.acquire("greet"));
    assert!(directory.take_wanted().is_empty());
}

#[test]
fn without_a_card_the_suback_says_what_is_known() {
    let now = Instant::now();
    let mut directory = directory();
    directory.acquire("greet");
    assert_eq!(directory.sight("greet", now), Sight::Pending(None));
    directory.take_wanted();
    assert_eq!(directory.sight("greet", now), Sight::Pending(None));
    directory.subscribed(TOOL, false, now);
    assert_eq!(directory.sight("greet", now), Sight::Hidden);
    directory.subscribed(TOOL, true, now);
    assert_eq!(directory.sight("greet", now), Sight::Missing { since: now });
}

#[test]
fn the_card_of_a_tool_makes_its_server_wanted() {
    let now = Instant::now();
    let mut directory = watching(now);
    assert!(tool_card(&mut directory, "online", Value::Null));
    assert_eq!(directory.sight("greet", now), Sight::Pending(None));
    assert_eq!(directory.take_wanted(), [SERVER]);
    directory.subscribed(SERVER, true, now);
    assert_eq!(
        directory.sight("greet", now),
        Sight::Pending(Some(now + CARD_GRACE))
    );
    assert_eq!(directory.sight("greet", now + CARD_GRACE), ONLINE);
}

#[test]
fn a_tool_is_online_only_while_its_server_is() {
    let now = Instant::now();
    let mut directory = watching(now);
    tool_card(&mut directory, "online", Value::Null);
    server_card(&mut directory, "online");
    assert_eq!(directory.sight("greet", now), ONLINE);
    server_card(&mut directory, "offline");
    assert_eq!(directory.sight("greet", now), Sight::Offline);
    server_card(&mut directory, "online");
    tool_card(&mut directory, "offline", Value::Null);
    assert_eq!(directory.sight("greet", now), Sight::Offline);
}

#[test]
fn a_hidden_server_card_leaves_the_word_to_the_tools() {
    let now = Instant::now();
    let mut directory = watching(now);
    tool_card(&mut directory, "online", Value::Null);
    directory.subscribed(SERVER, false, now);
    assert_eq!(directory.sight("greet", now), ONLINE);
}

#[test]
fn the_card_tells_how_to_call() {
    let now = Instant::now();
    let mut directory = watching(now);
    tool_card(
        &mut directory,
        "online",
        json!({"bound": true, "inbox": true}),
    );
    server_card(&mut directory, "online");
    let sight = Sight::Online {
        bound: true,
        inbox: true,
    };
    assert_eq!(directory.sight("greet", now), sight);
}

#[test]
fn a_hostile_card_changes_nothing_and_is_counted() {
    let now = Instant::now();
    let mut directory = watching(now);
    tool_card(&mut directory, "online", Value::Null);
    server_card(&mut directory, "online");
    let stranger = tool_json("other", "stranger", "offline", Value::Null).to_string();
    for payload in [
        stranger.as_bytes(),
        b"nonsense",
        &vec![b' '; cards::MAX_CARD + 1],
    ] {
        assert!(!directory.tool_card("greet", payload));
        assert!(!directory.server_card("hello", payload, now));
    }
    assert_eq!(directory.sight("greet", now), ONLINE);
    assert_eq!(directory.ignored(), 6);
}

#[test]
fn a_card_that_is_taken_back_is_missing() {
    let now = Instant::now();
    let mut directory = watching(now);
    tool_card(&mut directory, "online", Value::Null);
    assert!(directory.tool_card("greet", b""));
    assert_eq!(directory.sight("greet", now), Sight::Missing { since: now });
    directory.take_wanted();
    assert_eq!(directory.take_unwanted(), [SERVER]);
}

#[test]
fn a_lost_session_makes_everything_unknown_and_wanted_again() {
    let now = Instant::now();
    let mut directory = watching(now);
    tool_card(&mut directory, "online", Value::Null);
    server_card(&mut directory, "offline");
    directory.lost();
    assert_eq!(directory.sight("greet", now), Sight::Pending(None));
    assert_eq!(directory.take_wanted(), [TOOL]);
}

#[test]
fn the_tool_that_was_idle_longest_makes_room_and_never_one_in_a_call() {
    let mut directory = directory();
    for tool in ["a", "b"] {
        directory.acquire(tool);
    }
    directory.release("b");
    directory.acquire("c");
    assert_eq!(directory.take_unwanted(), ["demo/mcp/tools/b/card"]);
    directory.acquire("d");
    assert!(
        directory.take_unwanted().is_empty(),
        "`a` and `c` are in calls"
    );
}

#[test]
fn cards_of_tools_that_nobody_calls_are_not_kept() {
    let mut directory = directory();
    let card = tool_json("greet", "hello", "online", Value::Null).to_string();
    assert!(!directory.tool_card("greet", card.as_bytes()));
    assert!(directory.card("greet").is_none());
}

#[test]
fn all_cards_together_are_bounded() {
    let bound = MAX_BYTES / cards::MAX_CARD;
    let mut directory = Directory::new(Namespace::new("demo").unwrap(), bound * 2);
    for i in 0..=bound {
        let tool = format!("t{i}");
        directory.acquire(&tool);
        let mut card = tool_json(&tool, "hello", "online", Value::Null).to_string();
        card.push_str(&" ".repeat(cards::MAX_CARD - card.len()));
        assert_eq!(directory.tool_card(&tool, card.as_bytes()), i < bound);
    }
    assert_eq!(directory.ignored(), 1);
}

const INSTANCES: &str = "demo/mcp/servers/hello/instances/+";

/// A directory in which `greet` is a tool of this kind and every subscription granted.
fn with_instances(now: Instant) -> Directory {
    let mut directory = watching(now);
    tool_card(&mut directory, "online", json!({}));
    assert_eq!(directory.take_wanted(), [INSTANCES, SERVER]);
    directory.subscribed(INSTANCES, true, now);
    directory.subscribed(SERVER, true, now);
    directory
}

fn instance_card(directory: &mut Directory, instance: &str, status: &str, now: Instant) -> bool {
    let card = instance_json(instance, status).to_string();
    directory.instance_card(("hello", instance), card.as_bytes(), None, now)
}

fn gone(directory: &mut Directory, instance: &str, now: Instant) {
    let mut card = server_json("hello", "offline");
    card["x_mcp_mqtt"] = json!({"gone": instance});
    assert!(directory.server_card("hello", card.to_string().as_bytes(), now));
}

#[test]
fn instances_are_watched_of_servers_of_this_kind_and_with_one_filter() {
    let now = Instant::now();
    let mut directory = watching(now);
    tool_card(&mut directory, "online", Value::Null);
    assert_eq!(directory.take_wanted(), [SERVER]);
    let mut directory = with_instances(now);
    assert!(directory.acquire("count"));
    let count = tool_json("count", "hello", "online", json!({})).to_string();
    directory.tool_card("count", count.as_bytes());
    assert_eq!(directory.take_wanted(), ["demo/mcp/tools/count/card"]);
    directory.release("count");
    directory.release("greet");
    for tool in ["a", "b"] {
        directory.acquire(tool);
    }
    let unwanted = directory.take_unwanted();
    for topic in [INSTANCES, SERVER] {
        assert!(unwanted.iter().any(|t| t == topic), "{unwanted:?}");
    }
}

#[test]
fn one_of_two_replicas_that_goes_does_not_set_its_server_offline() {
    let now = Instant::now();
    let mut directory = with_instances(now);
    server_card_at(&mut directory, "online", now);
    for instance in ["a", "b"] {
        assert!(instance_card(&mut directory, instance, "online", now));
    }
    gone(&mut directory, "a", now);
    let online = directory.sight("greet", now);
    assert!(matches!(online, Sight::Online { .. }), "{online:?}");
    // The other one did not correct it: it is no more there than the first.
    let later = now + crate::client::instances::FLAP;
    assert_eq!(directory.sight("greet", later), Sight::Offline);
    // It comes back, and then both go.
    server_card_at(&mut directory, "online", later);
    for instance in ["a", "b"] {
        gone(&mut directory, instance, later);
    }
    assert_eq!(directory.sight("greet", later), Sight::Offline);
}

#[test]
fn an_offline_server_is_believed_once_the_cards_of_its_instances_would_be_in() {
    let now = Instant::now();
    let mut directory = watching(now);
    tool_card(&mut directory, "online", json!({}));
    directory.take_wanted();
    directory.subscribed(SERVER, true, now);
    server_card_at(&mut directory, "offline", now);
    assert_eq!(directory.sight("greet", now), Sight::Pending(None));
    directory.subscribed(INSTANCES, true, now);
    let pending = Sight::Pending(Some(now + CARD_GRACE));
    assert_eq!(directory.sight("greet", now), pending);
    assert_eq!(directory.sight("greet", now + CARD_GRACE), Sight::Offline);
    directory.subscribed(INSTANCES, false, now);
    assert_eq!(directory.sight("greet", now), Sight::Offline);
}

#[test]
fn calls_are_told_of_deaths_and_of_nothing_else() {
    let now = Instant::now();
    let mut directory = with_instances(now);
    assert!(directory.take_death(), "some may have been missed");
    server_card_at(&mut directory, "online", now);
    for (instance, status) in [("a", "online"), ("b", "online"), ("b", "leaving")] {
        instance_card(&mut directory, instance, status, now);
        assert!(!directory.take_death(), "{instance} {status}");
    }
    assert!(directory.instance_card(("hello", "b"), b"", None, now));
    assert!(directory.take_death());
    assert!(!directory.take_death(), "told once");
    assert_eq!(directory.deaths("hello", Some("b")).holder, Some(now));
    gone(&mut directory, "a", now);
    assert!(directory.take_death());
    assert_eq!(directory.deaths("hello", Some("a")).holder, Some(now));
    assert_eq!(directory.deaths("other", Some("a")), Deaths::default());
}

#[test]
fn who_had_calls_before_a_loss_is_remembered_until_it_is_heard_of() {
    let now = Instant::now();
    let mut directory = with_instances(now);
    directory.noticed("hello", "a", now);
    directory.take_death();
    directory.lost();
    // An attempt to connect failed.
    directory.lost();
    directory.take_wanted();
    directory.subscribed(TOOL, true, now);
    tool_card(&mut directory, "online", json!({}));
    assert_eq!(directory.take_wanted(), [INSTANCES, SERVER]);
    directory.subscribed(INSTANCES, true, now);
    assert!(directory.take_death(), "it may be");
    assert!(directory.deaths("hello", Some("a")).holder.is_some());
    instance_card(&mut directory, "a", "online", now);
    assert_eq!(directory.deaths("hello", Some("a")).holder, None);
}

#[test]
fn a_hostile_instance_card_changes_nothing_and_is_counted() {
    let now = Instant::now();
    let mut directory = with_instances(now);
    let other = instance_json("b", "offline").to_string();
    for payload in ["nonsense", "{}", &other] {
        assert!(!directory.instance_card(("hello", "a"), payload.as_bytes(), None, now));
    }
    for n in 0..1000 {
        instance_card(&mut directory, &n.to_string(), "online", now);
    }
    assert_eq!(directory.ignored(), 3 + 1000 - 64);
    assert!(!instance_card(&mut directory, "more", "online", now));
}
