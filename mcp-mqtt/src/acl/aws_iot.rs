//! Policy documents for AWS IoT Core, by the principal to whose certificate they are attached.
//!
//! What the developer guide ("AWS IoT Core policies", "Publish/Subscribe policy examples", "Retained
//! message policy examples") and the client library of the same house say:
//! - A document belongs to a certificate, and itself says with which client ids that may connect. So
//!   the client id is the identity; for any authenticated identity it is the name of a thing, which
//!   holds neither wildcards nor slashes.
//! - `+` and `#` in a resource are text; `*` is any text, slashes too. What a `*` grants beyond one
//!   level is taken back by a Deny, which wins over every Allow (`globs`).
//! - A subscription is checked as it is sent, with `$share/{group}/` (`iot:Subscribe`), and each
//!   delivery by its topic (`iot:Receive`).
//! - RETAIN needs `iot:RetainPublish`, a will the condition `LastWill`: the server alone has them.
//! - The limits are in `documents` and below.

mod client_ids;
mod documents;
mod globs;

use std::collections::BTreeMap;

use serde::Serialize;

use super::by_name::{self, Grant};
use super::export::{self, Export, ExportError, ExportOptions, Format, Identity};
use super::grants::{self, Grants};
use super::policy::{Action, Policy, Rule};
use super::purpose::Purpose;
use client_ids::ClientIds;
use documents::{Access, Document, Documents};
use globs::Globs;

const FORMAT: Format = Format::AwsIot;
const THING: &str = "${iot:Connection.Thing.ThingName}";
/// Slashes in a topic or a filter; `$share/{group}/` does not count.
const MAX_SLASHES: usize = 7;
/// Bytes of a topic or a filter.
const MAX_TOPIC: usize = 256;
/// Subscriptions of one connection.
const MAX_SUBSCRIPTIONS: usize = 50;

#[derive(Serialize)]
struct File<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    everyone: Vec<Document>,
    principals: BTreeMap<&'a str, Vec<Document>>,
}

pub(super) fn export(policy: &Policy, options: &ExportOptions) -> Result<Export, ExportError> {
    if options.identity != Identity::ClientId {
        return Err(ExportError::Identity {
            format: FORMAT,
            identity: options.identity,
            advice: "a document is attached to a certificate and names the client ids it may use; use \
                     `client-id`",
        });
    }
    let all = Grants::of(policy);
    let anyone = all.anyone.clone();
    let mut named = by_name::named(all);
    // Not every caller's name can be that of a thing, so named ones have all they may in their own.
    for (name, grants) in &mut named {
        grants.extend(anyone.iter().map(|rule| by_name::grant(rule, name)));
    }
    let everyone = match anyone.is_empty() {
        true => Vec::new(),
        false => {
            let grants: Vec<_> = anyone
                .iter()
                .map(|rule| by_name::grant(rule, THING))
                .collect();
            documents(THING, &grants)?
        }
    };
    client_ids::check(&named)?;
    let mut principals = BTreeMap::new();
    for (name, grants) in &named {
        principals.insert(*name, documents(name, grants)?);
    }
    let mut notes = export::notes(policy);
    notes.retain(|note| note != export::RETAIN);
    notes.extend(NOTES.iter().map(|note| (*note).to_owned()));
    notes.extend(grants::unfit_names(&anyone));
    if grants::holds_share_key(policy, options) {
        notes.push("the server's rules hold the share key: keep the file secret".to_owned());
    }
    let mut warnings = export::open_tools(policy);
    if !everyone.is_empty() {
        warnings.push(EVERYONE.to_owned());
    }
    if !policy.rules().is_empty() {
        warnings.push(format!(
            "a refused publish or subscription may end the connection, {}",
            grants::DISCONNECTS
        ));
    }
    let file = File {
        everyone,
        principals,
    };
    Ok(Export {
        // Names and lists of names: there is nothing that could fail.
        text: serde_json::to_string_pretty(&file).unwrap_or_default() + "\n",
        warnings,
        notes,
    })
}

const NOTES: &[&str] = &[
    "to load it, write your region and account for REGION and ACCOUNT (and `aws-cn` or `aws-us-gov` for \
     `aws` in those partitions), `aws iot create-policy` each document, and attach all those of a \
     principal, and no others, to its certificate",
    "the MQTT client id must be the caller's name, or the name and `-sub`; a server's may also be its \
     identity, `-` and more",
    "attaching removes nothing: for each document that an earlier export has and this one has not, `aws \
     iot detach-policy --policy-name P --target CERTIFICATE_ARN`, then `aws iot delete-policy \
     --policy-name P`; for each that changed, `aws iot create-policy-version --policy-name P \
     --policy-document D --set-as-default`",
    "a change takes minutes to be in force",
    "clients must ask for at most 8 filters in one SUBSCRIBE, and no payload may exceed 128 KiB",
];
const EVERYONE: &str = "the documents of `everyone` belong to the certificates of those who are not \
     named, each of which needs a thing of the caller's name attached; but a thing may have any name: \
     let none have that of a principal, with or without `-sub`, nor one that begins with a server's \
     identity and `-`, else each can take over the other's connection";

/// The documents of one principal.
fn documents(name: &str, grants: &[Grant<'_>]) -> Result<Vec<Document>, ExportError> {
    let mut documents = Documents::new(name);
    let ids = ClientIds::of(name, grants);
    documents.add(ids.access(), ids.globs());
    let mut subscriptions = 0;
    let mut accesses: BTreeMap<Access, Vec<String>> = BTreeMap::new();
    for grant in grants {
        check(name, grant)?;
        let globs = globs(name, grant)?;
        let mut grant_all = |access, globs| accesses.entry(access).or_default().extend(globs);
        match grant.rule.action {
            Action::Publish => {
                let publish = match grant.rule.purpose() {
                    Purpose::Announce => Access::RetainPublish,
                    _ => Access::Publish,
                };
                grant_all(publish, globs.allowed());
                grant_all(Access::DenyPublish, globs.denied());
            }
            Action::Subscribe => {
                subscriptions += 1;
                grant_all(Access::Subscribe, globs.allowed());
                grant_all(Access::DenySubscribe, globs.denied());
                grant_all(Access::Receive, Globs::of(&grant.filter).allowed());
            }
        }
    }
    if subscriptions > MAX_SUBSCRIPTIONS {
        return Err(ExportError::Limit {
            format: FORMAT,
            caller: display(name).to_owned(),
            limit: "a connection has at most 50 subscriptions",
            size: subscriptions,
            advice: "spread the tools over several servers with identities of their own",
        });
    }
    for (access, globs) in accesses {
        documents.add(access, globs);
    }
    let documents = documents.finish()?;
    check_conflicts(name, grants)?;
    Ok(documents)
}

fn refusal(rule: &Rule, name: &str, reason: &'static str) -> ExportError {
    grants::inexpressible(FORMAT, rule, display(name), reason)
}

fn display(name: &str) -> &str {
    match name {
        THING => "any authenticated identity",
        name => name,
    }
}

fn check(name: &str, grant: &Grant<'_>) -> Result<(), ExportError> {
    let refuse = |reason| Err(refusal(grant.rule, name, reason));
    if grant.leads_with_wildcard() {
        return refuse("a wildcard at the beginning includes `$` topics there; begin with a level");
    }
    if grant.filter.matches('/').count() > MAX_SLASHES {
        return refuse("a topic has at most 7 slashes there; shorten the namespace");
    }
    if grant.filter.len() > MAX_TOPIC {
        return refuse("a topic has at most 256 bytes there; use shorter names");
    }
    Ok(())
}

/// The resources of a publish or a SUBSCRIBE.
fn globs(name: &str, grant: &Grant<'_>) -> Result<Globs, ExportError> {
    let globs = match grant.rule.action {
        Action::Publish => Globs::of(&grant.filter),
        Action::Subscribe => Globs::of_filters(&grant.subscription()),
    };
    match globs.are_exact() {
        true => Ok(globs),
        false => {
            let reason = "a `+` before a `#` cannot be confined to one level there; name the level";
            Err(refusal(grant.rule, name, reason))
        }
    }
}

/// A Deny that keeps one grant exact must take nothing from another grant of the same principal.
fn check_conflicts(name: &str, grants: &[Grant<'_>]) -> Result<(), ExportError> {
    for grant in grants {
        let globs = globs(name, grant)?;
        if !globs.deny() {
            continue;
        }
        for other in grants {
            let granted = match other.rule.action {
                Action::Publish => other.filter.clone(),
                Action::Subscribe => other.subscription(),
            };
            // The name of a thing may be any.
            let granted = granted.replace(THING, "+");
            if other.rule.action == grant.rule.action && globs.deny_some_of(&granted) {
                let reason = "its `+` is confined to one level there by a Deny, which would take from \
                              another grant; profile `hardened` has no such grants";
                return Err(refusal(grant.rule, name, reason));
            }
        }
    }
    Ok(())
}
