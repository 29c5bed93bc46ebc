//! The rules of EMQX's built-in database, as the bodies of its REST API.
//!
//! What its documentation ("Use Built-in Database" under authorization, "REST API") and its sources
//! say, besides what holds for `acl.conf`:
//! - The rules of a client's id are tried first, then those of its user name, then those for all; the
//!   first that matches decides. What none matches goes on to the next source of authorization.
//! - `username_re` and `clientid_re` narrow a rule (EMQX 5.9); an older one ignores them, and lets
//!   anonymous clients in by rules for all.
//! - 100 rules a name are the default limit (`max_rules`).

use serde::Serialize;

use super::emqx::{self, ANY_NAME, NAME};
use super::export::{Export, ExportError, ExportOptions, Format, Identity};
use super::grants::{self, Grants};
use super::overreach;
use super::policy::{Action, Policy, Rule, SELF};

/// The default of `max_rules`.
const MAX_RULES: usize = 100;
const RELOAD: &str = "EMQX keeps the rules of callers who are gone, and takes none for a name that has \
     some: to load a changed policy, disable the source, DELETE …/rules, load each part and enable it \
     again; DELETE …/rules/users/NAME, or …/rules/clients/NAME, removes one caller";

#[derive(Serialize)]
struct Document<'a> {
    /// The body of `POST …/rules/users`, or `…/rules/clients`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<Named<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clients: Vec<Named<'a>>,
    /// The body of `POST …/rules/all`.
    all: Rules<'a>,
}

#[derive(Serialize)]
struct Named<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clientid: Option<&'a str>,
    #[serde(flatten)]
    rules: Rules<'a>,
}

#[derive(Serialize)]
struct Rules<'a> {
    rules: Vec<Written<'a>>,
}

#[derive(Serialize, PartialEq)]
struct Written<'a> {
    permission: &'a str,
    action: &'a str,
    topic: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    retain: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username_re: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clientid_re: Option<&'a str>,
}

pub(super) fn export(policy: &Policy, options: &ExportOptions) -> Result<Export, ExportError> {
    overreach::leading_wildcards(policy, Format::EmqxJson)?;
    let by_client_id = match options.identity {
        Identity::Username | Identity::CertCn => false,
        Identity::ClientId => true,
        Identity::AgentId => {
            return Err(ExportError::Identity {
                format: Format::EmqxJson,
                identity: options.identity,
                advice: "the built-in database knows user names and client ids; use `emqx` for \
                         client attributes",
            });
        }
    };
    let Grants { named, anyone } = Grants::of(policy);
    let longest = named.values().map(Vec::len).max().unwrap_or(0);
    let longest = longest.max(anyone.len() + 1);
    let all_narrowed = !anyone.is_empty();
    let named: Vec<_> = named
        .into_iter()
        .map(|(name, rules)| Named {
            username: (!by_client_id).then_some(name),
            clientid: by_client_id.then_some(name),
            rules: distinct(rules.into_iter().map(|rule| for_name(rule, name))),
        })
        .collect();
    let mut all = distinct(
        anyone
            .into_iter()
            .map(|rule| for_anyone(rule, by_client_id)),
    );
    all.rules.push(Written {
        permission: "deny",
        action: "all",
        topic: "#".to_owned(),
        retain: None,
        username_re: None,
        clientid_re: None,
    });
    let (users, clients) = match by_client_id {
        true => (Vec::new(), named),
        false => (named, Vec::new()),
    };
    let document = Document {
        users,
        clients,
        all,
    };
    // Strings and lists of them: there is nothing that could fail.
    let text = serde_json::to_string_pretty(&document).unwrap_or_default() + "\n";
    let mut warnings = emqx::warnings(policy);
    let mut notes = emqx::notes(policy, Format::EmqxJson)?;
    notes.push(
        "load each part by POST to /api/v5/authorization/sources/built_in_database/rules: `users` \
         to …/users, `clients` to …/clients, `all` to …/all; make this the first source and set \
         authorization.no_match = deny"
            .to_owned(),
    );
    notes.push(RELOAD.to_owned());
    if all_narrowed {
        warnings.push(
            "it needs EMQX 5.9: an older one ignores `username_re` and `clientid_re`, by which \
             anonymous clients would pass for authenticated ones"
                .to_owned(),
        );
    }
    if longest > MAX_RULES {
        notes.push(format!(
            "a name has {longest} rules: set `max_rules` of the source to as many at least, its \
             default is {MAX_RULES}"
        ));
    }
    if options.identity == Identity::CertCn {
        notes.push(
            "set mqtt.peer_cert_as_username = cn: the common name becomes the user name".to_owned(),
        );
    }
    Ok(Export {
        text,
        warnings,
        notes,
    })
}

fn for_name<'a>(rule: &Rule, name: &str) -> Written<'a> {
    let (action, retain) = match rule.action {
        Action::Subscribe => ("subscribe", None),
        Action::Publish if grants::may_retain(rule) => ("publish", None),
        Action::Publish => ("publish", Some(false)),
    };
    Written {
        permission: "allow",
        action,
        topic: rule.filter.replace(SELF, name),
        retain,
        username_re: None,
        clientid_re: None,
    }
}

fn for_anyone<'a>(rule: &Rule, by_client_id: bool) -> Written<'a> {
    let pattern = match rule.filter.contains(SELF) {
        true => NAME,
        false => ANY_NAME,
    };
    match by_client_id {
        true => Written {
            clientid_re: Some(pattern),
            ..for_name(rule, "${clientid}")
        },
        false => Written {
            username_re: Some(pattern),
            ..for_name(rule, "${username}")
        },
    }
}

/// A rule of a share group and one of the same filter without it are one here.
fn distinct<'a>(written: impl Iterator<Item = Written<'a>>) -> Rules<'a> {
    let mut rules = Vec::new();
    for rule in written {
        if rules.last() != Some(&rule) {
            rules.push(rule);
        }
    }
    Rules { rules }
}
