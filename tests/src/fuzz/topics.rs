//! Topics and topic filters. The first line is a namespace, each other one a topic or a filter.

use mcp_mqtt::wire::filter::{Subscription, contains, is_valid_filter, is_valid_topic, matches};
use mcp_mqtt::wire::{Namespace, Topic, is_stream_id};

/// A topic that is parsed is built again from its names, which are in the grammar; filters keep to the
/// laws of MQTT.
pub fn topics(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = text.split('\n');
    let namespace = lines.next().and_then(|name| Namespace::new(name).ok());
    let lines: Vec<&str> = lines.take(4).collect();
    for line in &lines {
        if let Some(namespace) = &namespace {
            parsed(namespace, line);
        }
        subscription(line);
        laws(line, &lines);
    }
}

fn parsed(namespace: &Namespace, topic: &str) {
    let Some(parsed) = namespace.parse(topic) else {
        return;
    };
    let built = match parsed {
        Topic::ServerCard { server } => names(&[server], namespace.server_card(server)),
        Topic::InstanceCard { server, instance } => names(
            &[server, instance],
            namespace.instance_card(server, instance),
        ),
        Topic::ToolCard { tool } => names(&[tool], namespace.tool_card(tool)),
        Topic::Call { tool, caller: None } => names(&[tool], namespace.call(tool)),
        Topic::Call {
            tool,
            caller: Some(caller),
        } => names(&[tool], callers(caller, namespace.bound_call(tool, caller))),
        Topic::Stream { tool, call_id } => {
            assert!(is_stream_id(call_id), "{call_id:?}");
            names(&[tool], namespace.stream(tool, call_id))
        }
        Topic::Inbox { client } => callers(client, namespace.inbox(client)),
        Topic::Cancel { server, caller } => {
            names(&[server], callers(caller, namespace.cancel(server, caller)))
        }
        other => panic!("{other:?} is new: say here how it is built"),
    };
    assert_eq!(built, topic);
    assert!(is_valid_topic(topic), "{topic:?}");
}

/// The grammar, said again: a mistake would have to be made twice.
fn names(names: &[&str], built: String) -> String {
    for name in names {
        assert!((1..=64).contains(&name.len()), "{name:?}");
        let in_grammar = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        assert!(name.chars().all(in_grammar), "{name:?}");
    }
    built
}

fn callers(caller: &str, built: String) -> String {
    assert!((1..=64).contains(&caller.len()), "{caller:?}");
    let in_grammar = |c: char| c.is_ascii_alphanumeric() || "_.-@:=".contains(c);
    assert!(caller.chars().all(in_grammar), "{caller:?}");
    assert!(
        !caller.starts_with('@') && !caller.ends_with("-sub"),
        "{caller:?}"
    );
    built
}

fn subscription(text: &str) {
    let Some(subscription) = Subscription::parse(text) else {
        return;
    };
    assert!(is_valid_filter(subscription.filter));
    let again = match subscription.group {
        Some(group) => format!("$share/{group}/{}", subscription.filter),
        None => subscription.filter.to_owned(),
    };
    assert_eq!(again, text);
}

fn laws(one: &str, all: &[&str]) {
    assert_eq!(is_valid_filter(one), contains(one, one), "{one:?}");
    assert!(!is_valid_topic(one) || matches(one, one), "{one:?}");
    for other in all {
        let contained = contains(one, other);
        assert!(!contained || (is_valid_filter(one) && is_valid_filter(other)));
        for third in all {
            assert!(
                !(contained && contains(other, third)) || contains(one, third),
                "{one:?} contains {other:?} contains {third:?}"
            );
            assert!(
                !(contained && matches(other, third)) || matches(one, third),
                "{one:?} contains {other:?} matches {third:?}"
            );
        }
    }
}
