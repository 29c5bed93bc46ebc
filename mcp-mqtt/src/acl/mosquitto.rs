//! The `acl_file` of Mosquitto 2.0, with a `user` block for each named principal.
//!
//! What its documentation (mosquitto.conf(5), `acl_file`) and experiments with 2.0.11 say:
//! - `topic` lines before the first `user` hold for anonymous clients only, `pattern` lines for
//!   every client, anonymous ones included unless they have `%u`. A `deny` of a client's own lines
//!   goes before all grants, patterns too: `topic deny #` at the top shuts anonymous clients out.
//! - SUBSCRIBE is never checked; each message is, when it is delivered, by its topic. So a shared
//!   subscription is granted by its bare filter, and anyone can join any share group.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::export::{self, Export, ExportError, ExportOptions, Format, Identity};
use super::grants::{self, Grants};
use super::policy::{Action, Policy, Principals, Rule, SELF};

const TITLE: &str = "acl_file for Mosquitto 2.0";
/// By default it sends an answer in two small packets, and the second waits for the client's delayed
/// acknowledgement of the first (Nagle's algorithm).
const TAIL: [&str; 3] = [
    "  acl_file /etc/mosquitto/mcp-mqtt.acl",
    "  set_tcp_nodelay true",
    "(without the last line each call takes some 40 ms more; the user `mosquitto` must be able to read the file)",
];

const LOAD: [&str; 2] = [
    "To load it, in mosquitto.conf, then restart or send SIGHUP:",
    "  allow_anonymous false",
];

pub(super) fn export(policy: &Policy, options: &ExportOptions) -> Result<Export, ExportError> {
    let (placeholder, setup) = identity(options.identity)?;
    let mut patterns = Block::default();
    let mut users: BTreeMap<&str, Block> = BTreeMap::new();
    for rule in policy.rules() {
        match &rule.who {
            Principals::Anyone => patterns.add("pattern", rule, placeholder),
            Principals::Named(names) => {
                for name in names {
                    if options.identity == Identity::ClientId {
                        return Err(names_are_user_names(rule, name));
                    }
                    users.entry(name).or_default().add("topic", rule, name);
                }
            }
        }
    }
    let warnings = warnings(policy, options);
    let notes = notes(policy, &users);

    let load = [&LOAD, setup, &TAIL].concat();
    let head = grants::head(TITLE, policy, options, &load, &warnings, &notes);
    let mut text = grants::commented("#", &head);
    text.push_str(
        "\n# Anonymous clients: nothing, and nothing by the patterns either.\ntopic deny #\n",
    );
    if !patterns.text.is_empty() {
        text.push_str("\n# Any authenticated identity.\n");
        text.push_str(&patterns.text);
    }
    for (name, lines) in users {
        // Writing to a string does not fail.
        let _ = write!(text, "\nuser {name}\n");
        text.push_str(&lines.text);
    }
    Ok(Export {
        text,
        warnings,
        notes,
    })
}

/// The lines of a user, or the patterns. Written at once: a large policy has millions of lines.
#[derive(Default)]
struct Block {
    text: String,
    /// Where the last line begins.
    last: usize,
}

impl Block {
    fn add(&mut self, kind: &str, rule: &Rule, identity: &str) {
        let start = self.text.len();
        self.text.push_str(kind);
        self.text.push_str(match rule.action {
            Action::Publish => " write ",
            Action::Subscribe => " read ",
        });
        for (n, part) in rule.filter.split(SELF).enumerate() {
            self.text.push_str(if n == 0 { "" } else { identity });
            self.text.push_str(part);
        }
        self.text.push('\n');
        // A rule of a share group and one of the same filter without it give the same line.
        match self.text.get(self.last..start) == self.text.get(start..) {
            true => self.text.truncate(start),
            false => self.last = start,
        }
    }
}

/// The placeholder of an identity, and what makes Mosquitto use it.
fn identity(identity: Identity) -> Result<(&'static str, &'static [&'static str]), ExportError> {
    match identity {
        Identity::Username => Ok(("%u", &["  password_file /etc/mosquitto/passwd"])),
        Identity::CertCn => Ok((
            "%u",
            &[
                "  require_certificate true",
                "  use_identity_as_username true",
            ],
        )),
        Identity::ClientId => Ok(("%c", &["  password_file /etc/mosquitto/passwd"])),
        Identity::AgentId => Err(ExportError::Identity {
            format: Format::Mosquitto,
            identity,
            advice: "Mosquitto keeps no such claim; use `username` or `cert-cn`",
        }),
    }
}

fn names_are_user_names(rule: &Rule, name: &str) -> ExportError {
    grants::inexpressible(
        Format::Mosquitto,
        rule,
        name,
        "its `user` blocks are user names, not client ids; use `username`, with \
         `use_username_as_clientid true` in mosquitto.conf",
    )
}

fn warnings(policy: &Policy, options: &ExportOptions) -> Vec<String> {
    let mut warnings = export::open_tools(policy);
    if export::groups_are_guessable(policy, options) {
        warnings.push(
            "an acl_file never checks SUBSCRIBE: anyone can join the server's share groups and \
             swallow calls; set a share key or turn shared subscriptions off"
                .to_owned(),
        );
    }
    warnings
}

fn notes(policy: &Policy, users: &BTreeMap<&str, Block>) -> Vec<String> {
    let mut notes = export::notes(policy);
    let mut note = |text: String| notes.push(text);
    note("a subscription that is not granted succeeds and delivers nothing; a publisher cannot tell it \
         from a server's"
            .to_owned(),
    );
    grants::unfit_names(&Grants::of(policy).anyone).map(&mut note);
    if policy.rules().iter().any(|rule| rule.share.is_some()) {
        note("members of a share group can read the same topics without the group".to_owned());
    }
    for name in users.keys().filter(|name| name.contains(':')) {
        note(format!(
            "a password_file cannot hold `{name}`, because `:` ends a user name there"
        ));
    }
    notes
}
