//! Mosquitto 2.0: mosquitto.conf(5), section "General options", `acl_file`; how messages are filtered
//! at delivery is what the broker 2.0.11 was seen to do.
//!
//! `topic [read|write|readwrite|deny] <topic>` belongs to the `user` line above it, or to anonymous
//! clients before the first. `pattern` lines are for everybody; `%u` is the user name, `%c` the client
//! id, and a client without a user name, or with a wildcard in what is substituted, has none of
//! them. A denial among one's own `topic` lines wins over all grants. What no line grants is denied.
//! A subscription is not checked at all, neither is its group.

use mcp_mqtt::acl::Action;

use super::topics;
use crate::agreement::Evaluator;
use crate::questions::Client;

struct Line {
    /// `None`: a pattern.
    user: Option<Option<String>>,
    access: String,
    topic: String,
}

struct AclFile(Vec<Line>);

pub fn read(text: &str) -> Box<dyn Evaluator> {
    let mut user = None;
    let mut lines = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let (word, rest) = line.split_once(' ').unwrap();
        if word == "user" {
            user = Some(rest.to_owned());
            continue;
        }
        let (access, topic) = rest.split_once(' ').unwrap_or(("readwrite", rest));
        assert!(
            ["read", "write", "readwrite", "deny"].contains(&access),
            "{line}"
        );
        lines.push(Line {
            user: match word {
                "topic" => Some(user.clone()),
                "pattern" => None,
                _ => panic!("{line}"),
            },
            access: access.to_owned(),
            topic: topic.to_owned(),
        });
    }
    Box::new(AclFile(lines))
}

impl Evaluator for AclFile {
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool {
        let topic = match action {
            Action::Publish => topic,
            Action::Subscribe => match topics::subscription(topic) {
                Some((_, filter)) => filter,
                None => return false,
            },
        };
        let (own, patterns): (Vec<_>, Vec<_>) = self.0.iter().partition(|line| line.user.is_some());
        let mut own = own
            .into_iter()
            .filter(|line| line.user.as_ref() == Some(&client.username));
        if own
            .clone()
            .any(|line| line.access == "deny" && topics::matches(&line.topic, topic))
        {
            return false;
        }
        let right = match action {
            Action::Publish => "write",
            Action::Subscribe => "read",
        };
        let grants = |line: &&Line| [right, "readwrite"].contains(&line.access.as_str());
        if own.any(|line| grants(&line) && topics::matches(&line.topic, topic)) {
            return true;
        }
        let substituted = client.username.iter().chain([&client.client_id]);
        if substituted
            .into_iter()
            .any(|name| name.contains(['+', '#']))
        {
            return false;
        }
        patterns.iter().filter(|line| grants(line)).any(|line| {
            let filter = line.topic.replace("%c", &client.client_id);
            match (&client.username, filter.contains("%u")) {
                (None, true) => false,
                (Some(name), true) => topics::matches(&filter.replace("%u", name), topic),
                (_, false) => topics::matches(&filter, topic),
            }
        })
    }
}
