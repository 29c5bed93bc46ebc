//! The `credentials.xml` of HiveMQ's File RBAC Extension: one role a principal.
//!
//! What the README of the extension and the sources of HiveMQ's Community Edition say:
//! - Permissions only grant; what none grants is denied. Every client must have a user name, a
//!   password, and neither `+` nor `#` in its user name or client id.
//! - A subscription is matched with a permission level by level, without `$share/{group}/`: the `+` of a
//!   permission admits `#`. The group is compared by itself. Slashes at the end of a topic do not
//!   count where the permission has no wildcard.
//! - Publishes and wills are checked, with their retain flag. Who publishes without permission is
//!   disconnected.
//! - A file that is not valid changes nothing; connected clients keep the permissions they had.

use std::fmt::Write as _;

use super::export::{self, Export, ExportError, ExportOptions, Format, Identity};
use super::grants::{self, Grants};
use super::overreach;
use super::policy::{Action, Policy, Rule, SELF};

/// The role of any authenticated identity.
const ANYONE: &str = "any-identity";

pub(super) fn export(policy: &Policy, options: &ExportOptions) -> Result<Export, ExportError> {
    let placeholder = match options.identity {
        Identity::Username => "${{username}}",
        Identity::ClientId => "${{clientid}}",
        identity @ (Identity::CertCn | Identity::AgentId) => {
            return Err(ExportError::Identity {
                format: Format::Hivemq,
                identity,
                advice: "the extension knows users with passwords; use `username`",
            });
        }
    };
    let Grants { named, anyone } = Grants::of(policy);
    if options.identity == Identity::ClientId
        && let Some((name, rules)) = named.first_key_value()
        && let Some(rule) = rules.first()
    {
        let reason = "its users are user names, not client ids; use `username`";
        return Err(grants::inexpressible(Format::Hivemq, rule, name, reason));
    }
    overreach::leading_wildcards(policy, Format::Hivemq)?;
    if policy.rules().is_empty() {
        return Err(ExportError::Empty {
            format: Format::Hivemq,
            advice: "the extension rejects a file without users and roles, and goes on with the one it \
                     has; name callers or, by `--server-identity`, the server, or stop the broker",
        });
    }
    let warnings = warnings(policy);
    let notes = notes(policy, &anyone, options)?;
    let load = [
        "To load it: conf/credentials.xml of the extension, after every user has a password, as the",
        "extension's password generator makes it. Until then, and with no user or no role, the file is",
        "not valid, and the extension goes on with the one it has.",
    ];
    let title = "credentials.xml for the HiveMQ File RBAC Extension";
    let head = grants::head(title, policy, options, &load, &warnings, &notes);
    let mut text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<!--\n".to_owned();
    // Two hyphens would end a comment, and a name may have them.
    text.extend(head.iter().map(|line| line.replace("--", "- -") + "\n"));
    text.push_str("-->\n<file-rbac>\n  <users>\n");
    for name in named.keys() {
        write_user(&mut text, name, !anyone.is_empty());
    }
    text.push_str("  </users>\n  <roles>\n");
    if !anyone.is_empty() {
        write_role(&mut text, ANYONE, &anyone, placeholder);
    }
    for (name, rules) in &named {
        write_role(&mut text, &role(name), rules, name);
    }
    text.push_str("  </roles>\n</file-rbac>\n");
    Ok(Export {
        text,
        warnings,
        notes,
    })
}

/// A name of a role that is no other's: `@` begins no name.
fn role(name: &str) -> String {
    format!("@{name}")
}

fn write_user(text: &mut String, name: &str, anyone: bool) {
    let also = match anyone {
        true => format!("<id>{ANYONE}</id>"),
        false => String::new(),
    };
    // Writing to a string does not fail, here and below.
    let _ = writeln!(
        text,
        "    <user>\n      <name>{name}</name>\n      <password></password>\n      \
         <roles><id>{}</id>{also}</roles>\n    </user>",
        role(name)
    );
}

fn write_role(text: &mut String, id: &str, rules: &[&Rule], identity: &str) {
    let _ = writeln!(text, "    <role>\n      <id>{id}</id>\n      <permissions>");
    for rule in rules {
        let topic = rule.filter.replace(SELF, identity);
        let _ = write!(text, "        <permission><topic>{topic}</topic>");
        text.push_str(match rule.action {
            Action::Publish if grants::may_retain(rule) => "<activity>PUBLISH</activity>",
            Action::Publish => "<activity>PUBLISH</activity><retain>NOT_RETAINED</retain>",
            Action::Subscribe => "<activity>SUBSCRIBE</activity>",
        });
        match (&rule.share, rule.action) {
            (_, Action::Publish) => {}
            (None, _) => text.push_str("<shared-subscription>NOT_SHARED</shared-subscription>"),
            (Some(group), _) => {
                let _ = write!(
                    text,
                    "<shared-subscription>SHARED</shared-subscription><shared-group>{group}</shared-group>"
                );
            }
        }
        text.push_str("</permission>\n");
    }
    text.push_str("      </permissions>\n    </role>\n");
}

fn notes(
    policy: &Policy,
    anyone: &[&Rule],
    options: &ExportOptions,
) -> Result<Vec<String>, ExportError> {
    let mut notes = export::notes(policy);
    notes.retain(|note| note != export::RETAIN);
    notes.extend(grants::unfit_names(anyone));
    notes.extend(overreach::hash_for_plus(policy, Format::Hivemq)?);
    let mut note = |text: &str| notes.push(text.to_owned());
    if grants::holds_share_key(policy, options) {
        note("the server's rules hold the share key: keep the file secret");
    }
    if !anyone.is_empty() {
        note(
            "any authenticated identity is whoever has the role `any-identity`: give it to every \
             user whom you add",
        );
    }
    note("a client that is connected keeps the permissions it had: disconnect who lost any");
    Ok(notes)
}

fn warnings(policy: &Policy) -> Vec<String> {
    let mut warnings = export::open_tools(policy);
    let exact = |rule: &Rule| !rule.filter.contains(['+', '#']);
    if policy.rules().iter().any(exact) {
        warnings.push(
            "slashes at the end of a topic do not count: `…/call/` passes where `…/call` is granted, \
             and servers refuse it"
                .to_owned(),
        );
    }
    warnings.push(format!(
        "a refused publish ends the connection, {}",
        grants::DISCONNECTS
    ));
    warnings
}
