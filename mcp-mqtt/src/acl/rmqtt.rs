//! The `rmqtt-acl.toml` of RMQTT, the last rule of which denies the rest.
//!
//! What its documentation ("Internal ACL") and its sources say:
//! - The first rule whose client, action and topics match decides; `all` includes anonymous clients.
//! - The plugin decides about CONNECT too: whom no other plugin authenticated is let in by a rule for
//!   `connect` alone. There is none here, unless certificates authenticate.
//! - A subscription is matched with a rule level by level, without `$share/{group}/`; so the group is
//!   not checked, and the `+` of a rule admits `#`. The retain flag is not seen. Wills are not checked.
//! - `%u` and `%c` are put in as they are when a client connects, and kept by its client id. Those in
//!   an `eq` would land in one set for all clients; there is no `eq` here.

use std::fmt::Write as _;

use super::export::{self, Export, ExportError, ExportOptions, Format, Identity};
use super::grants::{self, Grants};
use super::overreach;
use super::policy::{Action, Policy, Rule, SELF};

pub(super) fn export(policy: &Policy, options: &ExportOptions) -> Result<Export, ExportError> {
    overreach::leading_wildcards(policy, Format::Rmqtt)?;
    let (attribute, placeholder, setup) = identity(options.identity)?;
    let Grants { named, anyone } = Grants::of(policy);
    let warnings = warnings(policy, &anyone, options.identity)?;
    let mut notes = export::notes(policy);
    notes.extend(grants::unfit_names(&anyone));
    let load = [
        "To load it: rmqtt-plugins/rmqtt-acl.toml, then restart, or",
        "  PUT /api/v1/plugins/{node}/rmqtt-acl/config/reload",
        "In rmqtt.toml, for every listener: allow_anonymous = false",
        setup,
    ];
    let title = "rmqtt-acl.toml for RMQTT";
    let head = grants::head(title, policy, options, &load, &warnings, &notes);
    let mut text = grants::commented("#", &head);
    text.push_str("\ndisconnect_if_pub_rejected = false\n\nrules = [\n");
    let all = "\"all\"".to_owned();
    for (name, rules) in &named {
        let who = format!("{{ {attribute} = \"{name}\" }}");
        write(&mut text, &who, rules, name, options.identity);
    }
    write(&mut text, &all, &anyone, placeholder, options.identity);
    text.push_str("  [\"deny\", \"all\"]\n]\n");
    Ok(Export {
        text,
        warnings,
        notes,
    })
}

/// How a rule names the identity, its placeholder, and what makes RMQTT use it.
fn identity(identity: Identity) -> Result<(&'static str, &'static str, &'static str), ExportError> {
    let plugin = "A plugin, such as rmqtt-auth-http or rmqtt-auth-jwt, must authenticate: this file lets nobody in.";
    match identity {
        Identity::Username => Ok(("user", "%u", plugin)),
        Identity::ClientId => Ok(("clientid", "%c", plugin)),
        Identity::CertCn => Ok((
            "user",
            "%u",
            "Listeners with certificates alone: cross_certificate = true, cert_cn_as_username = true",
        )),
        Identity::AgentId => Err(ExportError::Identity {
            format: Format::Rmqtt,
            identity,
            advice: "RMQTT keeps no such claim; use `username` or `cert-cn`",
        }),
    }
}

fn write(text: &mut String, who: &str, rules: &[&Rule], identity: &str, kind: Identity) {
    if rules.is_empty() {
        return;
    }
    if kind == Identity::CertCn {
        // Writing to a string does not fail, here and below.
        let _ = writeln!(text, "  [\"allow\", {who}, \"connect\"],");
    }
    for (action, word) in [
        (Action::Publish, "publish"),
        (Action::Subscribe, "subscribe"),
    ] {
        let topics = grants::lines(rules, action, |rule| {
            format!("\"{}\"", rule.filter.replace(SELF, identity))
        });
        if !topics.is_empty() {
            let _ = writeln!(
                text,
                "  [\"allow\", {who}, \"{word}\", [\n    {}\n  ]],",
                topics.join(",\n    ")
            );
        }
    }
}

fn warnings(
    policy: &Policy,
    anyone: &[&Rule],
    identity: Identity,
) -> Result<Vec<String>, ExportError> {
    let mut warnings = export::open_tools(policy);
    warnings.extend(grants::anonymous_too(anyone, "RMQTT"));
    if !policy.rules().is_empty() {
        warnings.push(
            "RMQTT does not check wills: whoever can connect can call any tool in anybody's name, \
             answer and announce, by a will; take callers for claimed, not for verified"
                .to_owned(),
        );
    }
    if anyone.iter().any(|rule| rule.filter.contains(SELF)) {
        warnings.push(
            "an identity `+` or `#` is a wildcard in the placeholders, and who takes over a client id \
             may have the grants of its last user for a while: let no client have such a name, or \
             another's client id"
                .to_owned(),
        );
    }
    if identity == Identity::CertCn && !policy.rules().is_empty() {
        warnings.push(
            "the rules for `connect` let in whoever says one of these names, without a password: where \
             a listener asks for no certificate, anybody is anybody"
                .to_owned(),
        );
    }
    warnings.extend(grants::groups_unchecked(policy, "RMQTT"));
    let hash = overreach::hash_for_plus(policy, Format::Rmqtt)?;
    warnings.extend(hash.map(|note| format!("{note}, but wills can bring it")));
    Ok(warnings)
}
