//! `acl` itself: the policy of this program in the form of a broker.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use super::super::Program;
use super::super::exit::Exit;
use super::super::files::{Readers, write_output};
use super::super::table::hang;
use super::scope::ScopeArgs;
use crate::acl::{self, Export, ExportOptions, Format, Identity, Policy, Rule};
use crate::error::chain;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    format: FormatArgs,

    #[command(flatten)]
    scope: ScopeArgs,

    /// Whose rules: of callers, of the server (with --server-identity), or of both
    #[arg(long, value_enum, default_value_t = Role::All, env = "MCP_MQTT_ACL_ROLE")]
    role: Role,

    #[command(flatten)]
    output: OutputArgs,
}

/// In which form.
#[derive(Debug, Args)]
pub(super) struct FormatArgs {
    #[arg(
        long,
        default_value_t = Format::Json,
        env = "MCP_MQTT_ACL_FORMAT",
        help = format!("Form of the policy: {}", words(Format::ALL))
    )]
    pub(super) format: Format,

    /// What tells the broker who a client is: username, client-id, agent-id, cert-cn
    #[arg(long, default_value_t = Identity::Username, env = "MCP_MQTT_ACL_IDENTITY")]
    identity: Identity,

    /// With `--identity client-id`: the broker lets nobody take somebody else's client id
    #[arg(
        long,
        env = "MCP_MQTT_CLIENT_IDS_ARE_AUTHENTICATED",
        value_parser = BoolishValueParser::new()
    )]
    client_ids_are_authenticated: bool,
}

/// Where to, and how strictly.
#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// Fail, and write nothing, if there is a warning: a tool open to everybody, a weakness of the format
    #[arg(
        long,
        env = "MCP_MQTT_ACL_STRICT",
        value_parser = BoolishValueParser::new()
    )]
    strict: bool,

    /// Write to this file instead of standard output: all of it or nothing
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    Caller,
    Server,
    All,
}

pub(in super::super) fn after_help(program: &str) -> String {
    format!(
        "\
Everything that is not granted is denied. What the policy leaves open is told on standard error,
and in the comments of a format that has some.

Examples:
  {program} acl
  {program} acl --format mosquitto --server-identity NAME -o tools.acl
  {program} acl check --as scout publish a2a/v1/mcp/tools/greet/call/scout
  {program} acl diff deployed.json"
    )
}

pub(super) fn run(program: &Program, args: &ExportArgs) -> Result<(), Exit> {
    let role = match args.role {
        Role::All => None,
        Role::Caller => Some(acl::Role::Caller),
        Role::Server => Some(acl::Role::Server),
    };
    let (policy, scope) = args.scope.derive(program, role)?;
    if args.role == Role::Server && scope.server_identity.is_none() {
        return Err(Exit::fault(
            "--role server needs --server-identity: the name under which the server connects",
        ));
    }
    let options = args.format.options(ExportOptions::of(&scope));
    args.output.write(&policy, args.format.format, &options)
}

impl FormatArgs {
    /// These choices, and for the rest those of `options`.
    pub(super) fn options(&self, mut options: ExportOptions) -> ExportOptions {
        options.identity = self.identity;
        options.client_ids_are_authenticated = self.client_ids_are_authenticated;
        options
    }
}

impl OutputArgs {
    /// Exports, tells what stays open, and writes.
    pub(super) fn write(
        &self,
        policy: &Policy,
        format: Format,
        options: &ExportOptions,
    ) -> Result<(), Exit> {
        let export = policy
            .export(format, options)
            .map_err(|error| Exit::fault(chain(&error)))?;
        tell(&export);
        if self.strict && !export.warnings.is_empty() {
            return Err(Exit::failure(
                "nothing was written: with --strict every warning is an error",
            ));
        }
        let readers = match holds_share_key(policy, &export.text) {
            true => Readers::Owner,
            false => Readers::Same,
        };
        write_output(self.output.as_deref(), &export.text, readers).map_err(Exit::failure)
    }
}

/// Not every format names the share groups.
fn holds_share_key(policy: &Policy, text: &str) -> bool {
    let keys: BTreeSet<_> = policy.rules().iter().filter_map(Rule::share_key).collect();
    keys.iter().any(|key| text.contains(&format!(".{key}")))
}

/// What stays open, also where the text says it too: nobody reads a file that a pipe takes on.
fn tell(export: &Export) {
    let mut text = String::new();
    if !export.notes.is_empty() {
        text.push_str("note: what this policy leaves open:\n");
    }
    for note in &export.notes {
        text.push_str(&hang(&format!("- {note}"), 2, 4));
    }
    for warning in &export.warnings {
        text.push_str(&hang(&format!("warning: {warning}"), 0, 2));
    }
    // Who has closed standard error does not want to know; the policy is wanted all the same.
    let _ = io::stderr().write_all(text.as_bytes());
}

fn words(formats: &[Format]) -> String {
    let words: Vec<String> = formats.iter().map(Format::to_string).collect();
    words.join(", ")
}
