//! The access rules of NanoMQ, in HOCON, the last of which denies the rest.
//!
//! What its documentation ("Access Control List") and its sources say:
//! - The first rule whose client, action and topics match decides. `"username": "#"` includes clients
//!   without a user name, whom nothing here can shut out.
//! - SUBSCRIBE is checked as it stands, `$share/{group}/` included, level by level: the `+` of a rule
//!   admits `#`. Publishes and wills are checked; the retain flag is not seen.
//! - A topic that begins with `@` is meant literally. No name of a namespace does.
//! - An identity with `+`, `#` or `/` is denied everything from the first placeholder on; up to 0.25.1
//!   it is put in as it is.

use std::fmt::Write as _;

use super::export::{self, Export, ExportError, ExportOptions, Format, Identity};
use super::grants::{self, Grants};
use super::overreach;
use super::policy::{Action, Policy, Rule, SELF};

pub(super) fn export(policy: &Policy, options: &ExportOptions) -> Result<Export, ExportError> {
    let (attribute, placeholder) = match options.identity {
        Identity::Username => ("username", "${username}"),
        Identity::ClientId => ("clientid", "${clientid}"),
        identity @ (Identity::CertCn | Identity::AgentId) => {
            return Err(ExportError::Identity {
                format: Format::Nanomq,
                identity,
                advice: "NanoMQ knows user names and client ids; use `username`",
            });
        }
    };
    overreach::leading_wildcards(policy, Format::Nanomq)?;
    let Grants { named, anyone } = Grants::of(policy);
    let mut warnings = export::open_tools(policy);
    warnings.extend(grants::anonymous_too(&anyone, "NanoMQ"));
    if anyone.iter().any(|rule| rule.filter.contains(SELF)) {
        warnings.push(format!(
            "NanoMQ up to 0.25.1 takes an identity `+` or `#` for a wildcard, by which it \
             receives every caller's responses: let no client have such a {attribute}"
        ));
    }
    let mut notes = export::notes(policy);
    notes.extend(grants::unfit_names(&anyone));
    notes.extend(overreach::hash_for_plus(policy, Format::Nanomq)?);
    if grants::holds_share_key(policy, options) {
        notes.push("the server's rules hold the share key: keep the file secret".to_owned());
    }
    let load = [
        "To load it, in nanomq.conf, then `nanomq reload`:",
        "  auth { allow_anonymous = false, no_match = deny, deny_action = ignore,",
        "         password = {include \"/etc/nanomq_pwd.conf\"}, acl = {include \"/etc/nanomq_acl.conf\"} }",
    ];
    let title = "nanomq_acl.conf for NanoMQ";
    let head = grants::head(title, policy, options, &load, &warnings, &notes);
    let mut text = grants::commented("#", &head) + "\nrules = [\n";
    for (name, rules) in &named {
        write(&mut text, attribute, name, rules, name);
    }
    // Last: a placeholder may end the search.
    write(&mut text, attribute, "#", &anyone, placeholder);
    text.push_str("  {\"permit\": \"deny\"}\n]\n");
    Ok(Export {
        text,
        warnings,
        notes,
    })
}

fn write(text: &mut String, attribute: &str, name: &str, rules: &[&Rule], identity: &str) {
    for (action, word) in [
        (Action::Publish, "publish"),
        (Action::Subscribe, "subscribe"),
    ] {
        let topics = grants::lines(rules, action, |rule| {
            format!("\"{}\"", rule.subscription().replace(SELF, identity))
        });
        if !topics.is_empty() {
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "  {{\"permit\": \"allow\", \"{attribute}\": \"{name}\", \"action\": \"{word}\", \
                 \"topics\": [\n    {}\n  ]}},",
                topics.join(",\n    ")
            );
        }
    }
}
