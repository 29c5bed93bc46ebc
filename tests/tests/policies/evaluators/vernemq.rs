//! VerneMQ, `vmq.acl`: docs.vernemq.com, "Authentication and Authorization using files", "Authorization";
//! what `topic` lines before the first `user` mean, and how words are matched, is what the sources do
//! (`vmq_acl`, `vmq_topic`).
//!
//! Lines grant: those before the first `user` to everybody, `topic` lines after a `user` to that user,
//! `pattern` lines to everybody, with `%u` and `%c` in place of a whole word. A subscription is matched
//! as it stands, word by word, so that `+` matches the word `#`, and nothing is special about `$`.
//! `allow_anonymous` is off, as the file asks: clients without a user name do not get in.

use mcp_mqtt::acl::Action;

use crate::agreement::Evaluator;
use crate::questions::Client;

enum Holder {
    Everybody,
    User(String),
    Pattern,
}

struct Line {
    holder: Holder,
    write: bool,
    words: Vec<String>,
}

struct Acl(Vec<Line>);

pub fn read(text: &str) -> Box<dyn Evaluator> {
    assert!(text.contains("#   allow_anonymous = off\n"));
    let mut user = None;
    let mut lines = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(name) = line.strip_prefix("user ") {
            user = Some(name.trim_matches([' ', '\t']).to_owned());
            continue;
        }
        let (kind, rest) = line.split_once(' ').unwrap();
        let (access, topic) = rest.split_once(' ').unwrap();
        lines.push(Line {
            holder: match (kind, &user) {
                ("topic", None) => Holder::Everybody,
                ("topic", Some(user)) => Holder::User(user.clone()),
                ("pattern", _) => Holder::Pattern,
                _ => panic!("{line}"),
            },
            write: match access {
                "write" => true,
                "read" => false,
                _ => panic!("{line}"),
            },
            words: topic.split('/').map(str::to_owned).collect(),
        });
    }
    Box::new(Acl(lines))
}

impl Evaluator for Acl {
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool {
        let Some(username) = client.username.as_deref() else {
            return false;
        };
        if action == Action::Subscribe && super::topics::subscription(topic).is_none() {
            return false;
        }
        let topic: Vec<_> = topic.split('/').collect();
        self.0.iter().any(|line| {
            let words = line
                .words
                .iter()
                .map(|word| match (&line.holder, word.as_str()) {
                    (Holder::Pattern, "%u") => username,
                    (Holder::Pattern, "%c") => &client.client_id,
                    (_, word) => word,
                });
            let holds = match &line.holder {
                Holder::User(user) => user == username,
                Holder::Everybody | Holder::Pattern => true,
            };
            holds
                && line.write == (action == Action::Publish)
                && matches(&topic, &words.collect::<Vec<_>>())
        })
    }
}

fn matches(topic: &[&str], rule: &[&str]) -> bool {
    match (topic, rule) {
        ([], []) => true,
        (_, ["#"]) => true,
        ([word, topic @ ..], [other, rule @ ..]) => {
            (word == other || *other == "+") && matches(topic, rule)
        }
        _ => false,
    }
}
