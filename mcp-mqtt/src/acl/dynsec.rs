//! The state file of Mosquitto's dynamic-security plugin: a client and a role of its own for each
//! named principal.
//!
//! What the plugin's documentation and source (2.0.11) say, and experiments confirm:
//! - It decides at PUBLISH, at SUBSCRIBE (SUBACK 0x87) and again at each delivery, so a subscription
//!   needs `publishClientReceive` on its topics, too. A subscription is compared as it was sent, with
//!   `$share/{group}/`: a group is joined only by whom it is granted.
//! - `%u` in a topic is text until 2.1, and there is no group of all clients: what is for any
//!   authenticated identity cannot be said.
//! - The first entry that matches decides. Here are only grants, so order and priorities do not matter.
//! - A client without a password in the file is left to the `password_file`; without either it cannot
//!   connect. The file is read at the start of the broker only, and written by `mosquitto_ctrl dynsec`.
//! - UNSUBSCRIBE stays allowed to everybody: it takes nothing from anyone else.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use super::by_name::{self, Grant, Named};
use super::export::{self, Export, ExportError, ExportOptions, Format, Identity};
use super::grants;
use super::policy::{Action, Policy};

const FORMAT: Format = Format::MosquittoDynsec;

#[derive(Serialize)]
struct Client<'a> {
    username: &'a str,
    roles: [RoleName; 1],
}

#[derive(Serialize)]
struct RoleName {
    rolename: String,
}

/// In the order in which they are written.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Access {
    acltype: AccessType,
    topic: String,
    allow: bool,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
enum AccessType {
    PublishClientSend,
    SubscribeLiteral,
    SubscribePattern,
    PublishClientReceive,
}

pub(super) fn export(policy: &Policy, options: &ExportOptions) -> Result<Export, ExportError> {
    let setup = setup(options.identity)?;
    let named = by_name::all(
        policy,
        FORMAT,
        "its clients are known by name, and it takes `%u` literally; name the tool's callers, or use \
         format `mosquitto`",
    )?;
    for (name, granted) in &named {
        if let Some(grant) = granted.iter().find(|grant| is_too_wide(grant)) {
            let reason = "a subscription that begins with a wildcard includes `$SYS` and `$share/…` \
                          there; begin it with a literal level";
            return Err(grants::inexpressible(FORMAT, grant.rule, name, reason));
        }
    }
    let mut notes = export::notes(policy);
    notes.extend(setup.iter().map(|note| (*note).to_owned()));
    if grants::holds_share_key(policy, options) {
        notes.push("the server's rules hold the share key: keep the file secret".to_owned());
    }
    Ok(Export {
        text: text(policy, options, &named),
        warnings: Vec::new(),
        notes,
    })
}

/// How the file is loaded, and what it does not hold.
fn setup(identity: Identity) -> Result<&'static [&'static str], ExportError> {
    const LOADING: &str = "to load it: `allow_anonymous false`, `plugin /usr/lib/…/mosquitto_dynamic_security.so` and \
         `plugin_opt_config_file FILE` in mosquitto.conf, then restart: the file is read at the start \
         only";
    const ADMINISTRATOR: &str = "the file is the whole state and has no administrator, so nothing else changes it. To keep \
         clients and roles of a state that is there, stop the broker and put these clients and roles \
         into it; replace whichever role begins with `mcp-mqtt:`";
    const GONE: &str = "a state that is kept keeps callers who are gone, too: remove each by \
         `mosquitto_ctrl dynsec deleteRole mcp-mqtt:NAME` and `mosquitto_ctrl dynsec deleteClient NAME`";
    match identity {
        Identity::Username => Ok(&[
            LOADING,
            "the file holds no passwords: `password_file` has them, or `mosquitto_ctrl dynsec \
             setClientPassword NAME`; who has neither cannot connect",
            ADMINISTRATOR,
            GONE,
        ]),
        Identity::CertCn => Ok(&[
            LOADING,
            "the listener needs `require_certificate true` and `use_identity_as_username true`",
            ADMINISTRATOR,
            GONE,
        ]),
        Identity::ClientId | Identity::AgentId => Err(ExportError::Identity {
            format: FORMAT,
            identity,
            advice: "its roles belong to user names; use `username` or `cert-cn`",
        }),
    }
}

/// A pattern that begins with a wildcard matches subscriptions that begin with `$`, other than MQTT.
fn is_too_wide(grant: &Grant<'_>) -> bool {
    grant.rule.action == Action::Subscribe && grant.leads_with_wildcard()
}

fn text(policy: &Policy, options: &ExportOptions, named: &Named<'_>) -> String {
    let description = line(&format!(
        "mcp-mqtt {}; {}; identity: {}; change the annotations, not this",
        env!("CARGO_PKG_VERSION"),
        export::subject(policy),
        options.identity
    ));
    let mut text = "{\n  \"defaultACLAccess\": {\"publishClientSend\":false,\
                    \"publishClientReceive\":false,\"subscribe\":false,\"unsubscribe\":true},\n  \
                    \"clients\": "
        .to_owned();
    list(&mut text, 4, named.keys(), |text, name| {
        let roles = [RoleName {
            rolename: role(name),
        }];
        let username = name;
        text.push_str(&line(&Client { username, roles }));
    });
    text.push_str(",\n  \"groups\": [],\n  \"roles\": ");
    list(&mut text, 4, named, |text, (name, grants)| {
        let name = line(&role(name));
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "{{\"rolename\":{name},\"textdescription\":{description},\"acls\":"
        );
        let acls: BTreeSet<_> = grants.iter().flat_map(accesses).collect();
        list(text, 6, acls, |text, access| text.push_str(&line(&access)));
        text.push('}');
    });
    text.push_str("\n}\n");
    text
}

/// No name begins with this, so no client and no role made by hand is meant by it.
fn role(name: &str) -> String {
    format!("mcp-mqtt:{name}")
}

fn accesses(grant: &Grant<'_>) -> Vec<Access> {
    let access = |acltype, topic| Access {
        acltype,
        topic,
        allow: true,
    };
    let subscription = grant.subscription();
    match grant.rule.action {
        Action::Publish => vec![access(AccessType::PublishClientSend, grant.filter.clone())],
        Action::Subscribe => vec![
            match subscription.contains(['+', '#']) {
                true => access(AccessType::SubscribePattern, subscription),
                false => access(AccessType::SubscribeLiteral, subscription),
            },
            access(AccessType::PublishClientReceive, grant.filter.clone()),
        ],
    }
}

fn line(value: &impl Serialize) -> String {
    // Names and lists of names: there is nothing that could fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// A JSON array with an element a line.
fn list<T>(
    text: &mut String,
    indent: usize,
    elements: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    text.push('[');
    let mut is_empty = true;
    for element in elements {
        text.push_str(if is_empty { "\n" } else { ",\n" });
        text.extend(std::iter::repeat_n(' ', indent));
        write(text, element);
        is_empty = false;
    }
    if !is_empty {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', indent.saturating_sub(2)));
    }
    text.push(']');
}
