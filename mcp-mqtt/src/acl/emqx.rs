//! The `acl.conf` of EMQX 5: Erlang terms, tried in their order, the last of which denies the rest.
//!
//! What its documentation ("Use ACL File") and its sources say:
//! - The first term whose client, action and topics match decides. `all` includes clients without a
//!   user name; a regular expression does not match those.
//! - A subscription is matched with a rule level by level, without `$share/{group}/`; so the group is
//!   not checked, and the `+` of a rule admits `#`.
//! - A will is authorised as a publish when it is sent; the retain flag can be told apart.
//! - Older releases put a name with wildcards in for a placeholder: here a placeholder only ever stands
//!   next to a condition that admits names alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::export::{self, Export, ExportError, ExportOptions, Format, Identity};
use super::grants;
use super::overreach;
use super::policy::{Action, Policy, Principals, Rule, SELF};

/// What matches the names of callers, as a Perl-compatible regular expression.
pub(super) const NAME: &str = r"^(?!@)[A-Za-z0-9_.@:=-]{1,64}(?<!-sub)\z";
/// What matches every name, and no client that has none.
pub(super) const ANY_NAME: &str = "^";

const TITLE: &str = "acl.conf for EMQX 5.1.1 or newer";

/// How EMQX knows an identity.
struct Binding {
    /// What a condition on it begins with.
    attribute: &'static str,
    placeholder: &'static str,
    /// What makes EMQX use it.
    setup: &'static str,
}

pub(super) fn export(policy: &Policy, options: &ExportOptions) -> Result<Export, ExportError> {
    overreach::leading_wildcards(policy, Format::Emqx)?;
    let binding = binding(options.identity);
    // Terms with the same client and action become one with several topics.
    let mut terms: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
    for rule in policy.rules() {
        let topic = rule.filter.replace(SELF, binding.placeholder);
        let topics = terms
            .entry((who(rule, &binding), action(rule)))
            .or_default();
        // A rule of a share group and one of the same filter without it.
        if topics.last() != Some(&topic) {
            topics.push(topic);
        }
    }
    let warnings = warnings(policy);
    let notes = notes(policy, Format::Emqx)?;
    let load = [
        "To load it: put it where the `path` of the authorization source of type `file` says, or its text",
        "into the dashboard. Put no source that allows more before it, and set",
        "  authorization.no_match = deny",
        binding.setup,
    ];
    let head = grants::head(TITLE, policy, options, &load, &warnings, &notes);
    let mut text = grants::commented("%%", &head);
    for ((who, action), topics) in terms {
        let topics: Vec<_> = topics.iter().map(|topic| format!("\"{topic}\"")).collect();
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n{{allow, {who}, {action}, [\n  {}\n]}}.\n",
            topics.join(",\n  ")
        );
    }
    text.push_str("\n{deny, all}.\n");
    Ok(Export {
        text,
        warnings,
        notes,
    })
}

fn binding(identity: Identity) -> Binding {
    let (attribute, placeholder, setup) = match identity {
        Identity::Username => (
            "username, ",
            "${username}",
            "The user name is the identity: let an authenticator check it.",
        ),
        Identity::CertCn => (
            "username, ",
            "${username}",
            "  mqtt.peer_cert_as_username = cn  # the common name becomes the user name; verify peers",
        ),
        Identity::ClientId => (
            "clientid, ",
            "${clientid}",
            "The client id is the identity: let an authenticator tie it to credentials.",
        ),
        Identity::AgentId => (
            "client_attr, \"agent_id\", ",
            "${client_attrs.agent_id}",
            "The client attribute `agent_id` is the identity: let an authenticator set it (EMQX 5.9).",
        ),
    };
    Binding {
        attribute,
        placeholder,
        setup,
    }
}

fn who(rule: &Rule, binding: &Binding) -> String {
    let attribute = binding.attribute;
    let matches = |pattern: &str| {
        let pattern = pattern.replace('\\', r"\\");
        format!("{{{attribute}{{re, \"{pattern}\"}}}}")
    };
    match &rule.who {
        Principals::Anyone if rule.filter.contains(SELF) => matches(NAME),
        Principals::Anyone => matches(ANY_NAME),
        Principals::Named(names) => {
            let each: Vec<_> = names
                .iter()
                .map(|name| format!("{{{attribute}\"{name}\"}}"))
                .collect();
            match each.as_slice() {
                [one] => one.clone(),
                several => format!("{{'or', [{}]}}", several.join(", ")),
            }
        }
    }
}

fn action(rule: &Rule) -> &'static str {
    match rule.action {
        Action::Subscribe => "subscribe",
        Action::Publish if grants::may_retain(rule) => "publish",
        Action::Publish => "{publish, [{retain, false}]}",
    }
}

/// What no rule of EMQX can shut, whatever holds it.
pub(super) fn warnings(policy: &Policy) -> Vec<String> {
    let mut warnings = export::open_tools(policy);
    warnings.extend(grants::groups_unchecked(policy, "EMQX"));
    warnings
}

/// What EMQX leaves open, whatever holds its rules.
///
/// # Errors
///
/// When a rule would become a wider one.
pub(super) fn notes(policy: &Policy, format: Format) -> Result<Vec<String>, ExportError> {
    let mut notes = export::notes(policy);
    notes.retain(|note| note != export::RETAIN);
    notes.extend(overreach::hash_for_plus(policy, format)?);
    notes.push("superusers of an authenticator are not checked: make nobody one".to_owned());
    Ok(notes)
}
