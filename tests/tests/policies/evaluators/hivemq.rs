//! HiveMQ with the File RBAC Extension: README of the extension, "Configuration" and "Substitution"; the
//! default permissions of the HiveMQ Extension SDK ("Default Publish and Subscribe Permissions"); how
//! topics are compared is what HiveMQ CE's sources do (`DefaultPermissionsEvaluator`,
//! `PermissionTopicMatcherUtils`).
//!
//! A client has the permissions of all roles of its user; what none grants is denied. User names and
//! client ids with `+` or `#` cannot connect, neither can clients without a user name. Slashes at the end
//! of a topic are cut off where the permission has no wildcard; elsewhere levels are matched one by one,
//! so that `+` matches the level `#`. Users that the file does not have are added by hand, with the role
//! that it names for them.

use std::collections::HashMap;

use mcp_mqtt::acl::Action;

use super::{topics, xml};
use crate::agreement::Evaluator;
use crate::questions::Client;

struct Permission {
    topic: String,
    activity: String,
    retain: String,
    shared: String,
    group: String,
}

struct Credentials {
    users: HashMap<String, Vec<String>>,
    roles: HashMap<String, Vec<Permission>>,
}

pub fn read(text: &str) -> Box<dyn Evaluator> {
    let root = xml::read(text);
    assert_eq!(root.name, "file-rbac");
    let users = root.one("users").unwrap().all("user").map(|user| {
        let roles = user
            .one("roles")
            .unwrap()
            .all("id")
            .map(|id| id.text.clone());
        // Nobody may connect before somebody sets one.
        assert_eq!(user.text_of("password"), Some(""));
        (user.text_of("name").unwrap().to_owned(), roles.collect())
    });
    let roles = root.one("roles").unwrap().all("role").map(|role| {
        let permissions = role
            .one("permissions")
            .unwrap()
            .all("permission")
            .map(permission);
        (
            role.text_of("id").unwrap().to_owned(),
            permissions.collect(),
        )
    });
    Box::new(Credentials {
        users: users.collect(),
        roles: roles.collect(),
    })
}

fn permission(permission: &xml::Element) -> Permission {
    let value = |name, default: &str| permission.text_of(name).unwrap_or(default).to_owned();
    Permission {
        topic: value("topic", ""),
        activity: value("activity", "ALL"),
        retain: value("retain", "ALL"),
        shared: value("shared-subscription", "ALL"),
        group: value("shared-group", "#"),
    }
}

impl Credentials {
    fn permissions<'a>(&'a self, client: &'a Client) -> impl Iterator<Item = &'a Permission> {
        let name = client.username.as_deref().unwrap_or("+");
        let connects = !format!("{name}{}", client.client_id).contains(['+', '#']);
        let added = vec!["any-identity".to_owned()];
        let roles = self.users.get(name).cloned().unwrap_or(added);
        let roles = roles.into_iter().filter(move |_| connects);
        roles.filter_map(|role| self.roles.get(&role)).flatten()
    }

    fn publishes(&self, client: &Client, retained: bool, topic: &str) -> bool {
        self.permissions(client).any(|permission| {
            let retain = match permission.retain.as_str() {
                "ALL" => true,
                "RETAINED" => retained,
                "NOT_RETAINED" => !retained,
                other => panic!("{other}"),
            };
            permission.activity != "SUBSCRIBE" && retain && permission.covers(client, topic)
        })
    }
}

impl Permission {
    fn covers(&self, client: &Client, topic: &str) -> bool {
        let username = client.username.as_deref().unwrap_or_default();
        let filter = self.topic.replace("${{username}}", username);
        let filter = filter.replace("${{clientid}}", &client.client_id);
        if !filter.contains(['+', '#']) {
            let trimmed = |text: &str| match text.len() {
                0 | 1 => text.to_owned(),
                _ => text.trim_end_matches('/').to_owned(),
            };
            return trimmed(&filter) == trimmed(topic);
        }
        let filter: Vec<_> = filter.split('/').collect();
        let topic: Vec<_> = topic.split('/').collect();
        for (level, other) in filter.iter().zip(&topic) {
            match *level {
                same if same == *other => {}
                "#" => return true,
                "+" => {}
                _ => return false,
            }
        }
        let parent = filter.len() == topic.len() + 1 && filter.ends_with(&["#"]);
        parent || filter.len() == topic.len()
    }
}

impl Evaluator for Credentials {
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool {
        if action == Action::Publish {
            return self.publishes(client, false, topic);
        }
        let Some((group, filter)) = topics::subscription(topic) else {
            return false;
        };
        self.permissions(client).any(|permission| {
            let shared = match permission.shared.as_str() {
                "ALL" => true,
                "SHARED" => group.is_some(),
                "NOT_SHARED" => group.is_none(),
                other => panic!("{other}"),
            };
            let group = group.is_none_or(|group| ["#", group].contains(&permission.group.as_str()));
            permission.activity != "PUBLISH" && shared && group && permission.covers(client, filter)
        })
    }

    fn allows_retained(&self, client: &Client, topic: &str) -> bool {
        self.publishes(client, true, topic)
    }
}
