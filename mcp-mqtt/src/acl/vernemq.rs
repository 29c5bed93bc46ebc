//! The `vmq.acl` of VerneMQ, with a `user` block for each named principal.
//!
//! What its documentation ("Authorization", "Simple ACL") and its sources say:
//! - Lines only grant. `topic` lines before the first `user` hold for every client, not for anonymous
//!   ones alone; `pattern` lines hold for every client too, and those without `%u` also for anonymous
//!   ones, whom nothing here can shut out.
//! - SUBSCRIBE is checked as it stands, `$share/{group}/` included, level by level: the `+` of a rule
//!   admits `#`. Publishes and wills are checked; the retain flag is not seen.
//! - `%u` and `%c` must fill their level. They are put in as they are: a user named `+` or `#` would
//!   have a wildcard in the patterns.
//! - A line with more levels than `topic_max_depth` is left out with a warning in the log.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::export::{self, Export, ExportError, ExportOptions, Format, Identity};
use super::grants::{self, Grants};
use super::overreach;
use super::policy::{Action, Policy, Rule, SELF};

const LOAD: [&str; 2] = [
    "To load it, in vernemq.conf; VerneMQ reads the file again every 10 seconds:",
    "  allow_anonymous = off",
];
const LOAD_ACL: [&str; 2] = [
    "  plugins.vmq_acl = on",
    "  vmq_acl.acl_file = /etc/vernemq/vmq.acl",
];
/// The default of `topic_max_depth`.
const MAX_DEPTH: usize = 10;

pub(super) fn export(policy: &Policy, options: &ExportOptions) -> Result<Export, ExportError> {
    let (placeholder, setup) = identity(options.identity)?;
    let Grants { named, anyone } = Grants::of(policy);
    if options.identity == Identity::ClientId
        && let Some((name, rules)) = named.first_key_value()
        && let Some(rule) = rules.first()
    {
        let reason = "its `user` blocks are user names, not client ids; use `username`";
        return Err(grants::inexpressible(Format::Vernemq, rule, name, reason));
    }
    overreach::leading_wildcards(policy, Format::Vernemq)?;
    let mut warnings = export::open_tools(policy);
    warnings.extend(grants::anonymous_too(&anyone, "VerneMQ"));
    if anyone.iter().any(|rule| rule.filter.contains(SELF)) {
        warnings.push(format!(
            "an identity `+` or `#` is a wildcard in the patterns, by which it receives every \
             caller's responses: let no client have such a {}",
            match options.identity {
                Identity::ClientId => "client id",
                _ => "user name",
            }
        ));
    }
    let notes = notes(policy, &named, &anyone, options)?;
    let load = [&LOAD[..], setup, &LOAD_ACL].concat();
    let title = "vmq.acl for VerneMQ 1 and 2";
    let head = grants::head(title, policy, options, &load, &warnings, &notes);
    let mut text = grants::commented("#", &head);
    if !anyone.is_empty() {
        text.push_str("\n# Any authenticated identity.\n");
        write(&mut text, "pattern", &anyone, placeholder);
    }
    for (name, rules) in named {
        // Writing to a string does not fail.
        let _ = write!(text, "\nuser {name}\n");
        write(&mut text, "topic", &rules, name);
    }
    Ok(Export {
        text,
        warnings,
        notes,
    })
}

/// The placeholder of an identity, and what makes VerneMQ use it.
fn identity(identity: Identity) -> Result<(&'static str, &'static [&'static str]), ExportError> {
    match identity {
        Identity::Username => Ok(("%u", &["  plugins.vmq_passwd = on"])),
        Identity::CertCn => Ok((
            "%u",
            &[
                "  listener.ssl.require_certificate = on",
                "  listener.ssl.use_identity_as_username = on",
            ],
        )),
        Identity::ClientId => Ok(("%c", &["  plugins.vmq_passwd = on"])),
        Identity::AgentId => Err(ExportError::Identity {
            format: Format::Vernemq,
            identity,
            advice: "VerneMQ keeps no such claim; use `username` or `cert-cn`",
        }),
    }
}

fn write(text: &mut String, kind: &str, rules: &[&Rule], identity: &str) {
    for rule in rules {
        let access = match rule.action {
            Action::Publish => "write",
            Action::Subscribe => "read",
        };
        let topic = rule.subscription().replace(SELF, identity);
        // Writing to a string does not fail.
        let _ = writeln!(text, "{kind} {access} {topic}");
    }
}

fn notes(
    policy: &Policy,
    named: &BTreeMap<&str, Vec<&Rule>>,
    anyone: &[&Rule],
    options: &ExportOptions,
) -> Result<Vec<String>, ExportError> {
    let mut notes = export::notes(policy);
    notes.extend(grants::unfit_names(anyone));
    notes.extend(overreach::hash_for_plus(policy, Format::Vernemq)?);
    if grants::holds_share_key(policy, options) {
        notes.push("the server's rules hold the share key: keep the file secret".to_owned());
    }
    let depth = |rule: &Rule| rule.subscription().split('/').count();
    let deepest = policy.rules().iter().map(depth).max().unwrap_or(0);
    if deepest > MAX_DEPTH {
        notes.push(format!(
            "its topics have up to {deepest} levels: set topic_max_depth = {deepest} at least, or \
             VerneMQ leaves lines out"
        ));
    }
    for name in named.keys().filter(|name| name.contains(':')) {
        notes.push(format!(
            "the file of vmq_passwd cannot hold `{name}`, because `:` ends a user name there"
        ));
    }
    notes.push(
        "a subscription that was granted goes on after its line is gone, until the client leaves: \
         `vmq-admin session disconnect client-id=ID --cleanup`"
            .to_owned(),
    );
    Ok(notes)
}
