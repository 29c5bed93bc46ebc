//! Definitions for RabbitMQ 3.13 and later: what each named principal may do on queues, on the
//! exchange `amq.topic` and, by regular expressions, on topics.
//!
//! What the documentation ("Access Control", "MQTT Plugin") and the source (3.13 to 4.3) say:
//! - A topic permission is matched with the topic in AMQP's form: `/` becomes `.`, and `+` in a filter
//!   becomes `*`; `.` and `*` of the topic stay, so a level that contains `.` is several levels. At
//!   SUBSCRIBE the filter is the subject, at PUBLISH the topic; delivery is not checked.
//! - `$` in a regular expression matches before a newline at the end as well, `\z` does not.
//! - Placeholders such as `{username}` are replaced without escaping before 4.2.8. They are not needed:
//!   a permission belongs to one user, so what is for any authenticated identity cannot be said.
//! - A subscription needs the queue `mqtt-subscription-{client id}qos{0 or 1}`. Whoever may read
//!   somebody else's can take over his session, so each user has the queues of his name only.
//! - Regular expressions are limited to 1024 bytes from 4.2.8 on.
//! - A refused publish ends the connection, unless `mqtt.disconnect_on_unauthorized`, which 4.1.8 and
//!   4.2.3 brought, is false.
//! - There are no shared subscriptions, and no retained messages for filters with wildcards.

use serde::Serialize;

use super::by_name::{self, Grant};
use super::export::{self, Export, ExportError, ExportOptions, Format, Identity};
use super::grants;
use super::policy::{Action, Policy, Rule};
use super::purpose::{Purpose, server_of, tool_of};
use super::regex::{Alternatives, escaped};
use crate::wire::filter::ONE_LEVEL;

const FORMAT: Format = Format::RabbitMq;
const VHOST: &str = "/";
const EXCHANGE: &str = "amq.topic";
/// The longest regular expression of a permission, in bytes.
const MAX_REGEX: usize = 1024;

#[derive(Serialize)]
struct Permission<'a> {
    user: &'a str,
    vhost: &'static str,
    configure: String,
    write: String,
    read: String,
}

#[derive(Serialize)]
struct TopicPermission<'a> {
    user: &'a str,
    vhost: &'static str,
    exchange: &'static str,
    write: String,
    read: String,
}

pub(super) fn export(policy: &Policy, options: &ExportOptions) -> Result<Export, ExportError> {
    let login = login(options.identity)?;
    let reason = "its permissions belong to users by name; name the tool's callers";
    let named = by_name::all(policy, FORMAT, reason)?;
    let mut permissions = Vec::new();
    let mut topics = Vec::new();
    for (name, granted) in &named {
        for grant in granted {
            if let Some(reason) = inexpressible(grant) {
                return Err(grants::inexpressible(FORMAT, grant.rule, name, reason));
            }
        }
        permissions.push(line(&permission(name)));
        topics.push(line(&TopicPermission {
            user: name,
            vhost: VHOST,
            exchange: EXCHANGE,
            write: regex(name, granted, Action::Publish)?,
            read: regex(name, granted, Action::Subscribe)?,
        }));
    }
    let mut notes = export::notes(policy);
    notes.push(login.to_owned());
    notes.extend(NOTES.iter().map(|note| (*note).to_owned()));
    Ok(Export {
        text: format!(
            "{{\n  \"permissions\": {},\n  \"topic_permissions\": {}\n}}\n",
            list(&permissions),
            list(&topics)
        ),
        warnings: warnings(policy),
        notes,
    })
}

/// How a user comes to its name.
fn login(identity: Identity) -> Result<&'static str, ExportError> {
    match identity {
        Identity::Username => Ok(
            "the file holds no users and no passwords: `rabbitmqctl add_user NAME PASSWORD` first, then \
             `rabbitmqctl import_definitions FILE`, which replaces what these users may do",
        ),
        Identity::CertCn => Ok(
            "users come from certificates by `mqtt.ssl_cert_login = true` and `ssl_cert_login_from = \
             common_name`; `rabbitmqctl add_user NAME PASSWORD` first, then `rabbitmqctl \
             import_definitions FILE`, which replaces what these users may do",
        ),
        Identity::ClientId | Identity::AgentId => Err(ExportError::Identity {
            format: FORMAT,
            identity,
            advice: "its permissions belong to users; use `username` or `cert-cn`",
        }),
    }
}

/// What the broker does not deliver, although it is granted.
fn warnings(policy: &Policy) -> Vec<String> {
    let all = |rule: &Rule| {
        let names = [server_of(&rule.filter), tool_of(&rule.filter)];
        rule.purpose() == Purpose::Discovery && names.contains(&Some(ONE_LEVEL))
    };
    let warning = "retained messages are not found by filters with wildcards: who looks for all servers \
                   and tools finds none; profile `hardened` has them by name";
    let any = policy.rules().iter().any(all);
    any.then(|| warning.to_owned()).into_iter().collect()
}

/// What stays open, and what the broker needs besides the file.
const NOTES: &[&str] = &[
    "rabbitmq.conf needs `anonymous_login_user = none` (before 4.0 `mqtt.allow_anonymous = false`), else \
     strangers log in as `guest`",
    "rabbitmq.conf needs `mqtt.disconnect_on_unauthorized = false`, which 4.1.8 and 4.2.3 know and older \
     versions do not: else a refused publish ends the connection, also that of a server that tries \
     whether the broker enforces anything",
    "a user with ordinary permissions on `amq.topic` and no topic permissions may use every topic: give \
     none to other users of this virtual host",
    "the MQTT client id must be the user name, or the user name and `-sub`: queues are named by it",
    "`.` separates levels as `/` does, and `*` is a wildcard as `+` is: what is granted can be written \
     with either",
    "clients find this server and its tools only if they know their names, and no cards of instances: \
     retained messages are not found by filters with wildcards",
    "the import removes nothing: for each user whom an earlier export names and this one does not, \
     `rabbitmqctl delete_user NAME`; or, to keep the user, `rabbitmqctl clear_permissions -p / NAME` and \
     only then `rabbitmqctl clear_topic_permissions -p / NAME`: who has permissions and no topic \
     permissions may use every topic",
];

fn inexpressible(grant: &Grant<'_>) -> Option<&'static str> {
    if grant.rule.share.is_some() {
        return Some("it has no shared subscriptions; turn them off, as by `shared(false)`");
    }
    if grant.filter.contains('.') {
        return Some("`.` separates levels there, as `/` does; rename what has a dot");
    }
    grant.leads_with_wildcard().then_some(
        "a wildcard at the beginning includes topics that begin with `$` there; begin with a literal \
         level",
    )
}

fn permission(name: &str) -> Permission<'_> {
    let name_regex = format!("{}(?:-sub)?", escaped(name));
    let queue = format!("mqtt-subscription-{name_regex}qos[01]");
    let will = format!("mqtt-will-{name_regex}");
    let exchange = escaped(EXCHANGE);
    Permission {
        user: name,
        vhost: VHOST,
        configure: format!("^(?:{queue}|{will})\\z"),
        write: format!("^(?:{exchange}|{queue})\\z"),
        read: format!("^(?:{exchange}|{queue}|{will})\\z"),
    }
}

fn regex(name: &str, grants: &[Grant<'_>], action: Action) -> Result<String, ExportError> {
    // In a binding `#` is a wildcard at any place, so that no `+` may stand for it.
    let one_level = match action {
        Action::Publish => "[^.]*",
        Action::Subscribe => "[^.#]*",
    };
    let mut alternatives = Alternatives::default();
    let granted = grants.iter().filter(|grant| grant.rule.action == action);
    granted.for_each(|grant| alternatives.add(&grant.filter));
    let regex = alternatives.regex(one_level);
    match regex.len() {
        0..=MAX_REGEX => Ok(regex),
        size => Err(ExportError::Limit {
            format: FORMAT,
            caller: name.to_owned(),
            limit: "a regular expression has at most 1024 bytes",
            size,
            advice: "spread the tools over several servers with identities of their own",
        }),
    }
}

fn line(value: &impl Serialize) -> String {
    // Names and texts: there is nothing that could fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn list(lines: &[String]) -> String {
    match lines.is_empty() {
        true => "[]".to_owned(),
        false => format!("[\n    {}\n  ]", lines.join(",\n    ")),
    }
}
