//! `acl`: the policy for the broker.

use std::path::PathBuf;

use clap::Args;

use super::Program;
use super::exit::{Exit, Faults};
use super::files;
use super::table::hang;
use crate::acl::{Export, ExportOptions, Format, Identity, Policy, Profile, Scope};
use crate::error::chain;

#[derive(Debug, Args)]
pub(super) struct AclArgs {
    /// Form of the policy: json, mosquitto (an acl_file)
    #[arg(long, default_value_t = Format::Json, env = "MCP_MQTT_ACL_FORMAT")]
    format: Format,

    /// reference: for any client of the published draft; hardened: tighter, for clients of mcp-mqtt only
    #[arg(long, default_value_t = Profile::Reference, env = "MCP_MQTT_ACL_PROFILE")]
    profile: Profile,

    /// What tells the broker who a client is: username, client-id, agent-id, cert-cn
    #[arg(long, default_value_t = Identity::Username, env = "MCP_MQTT_ACL_IDENTITY")]
    identity: Identity,

    /// Identity of the server itself: grants it what serving needs. Without it the policy is for the
    /// callers alone, and the server needs grants from elsewhere
    #[arg(long, value_name = "NAME", env = "MCP_MQTT_SERVER_IDENTITY")]
    server_identity: Option<String>,

    /// File with the key that makes share groups secret; give `serve` the same. It stands in the
    /// policy, so keep that secret, too
    #[arg(long, value_name = "FILE", env = "MCP_MQTT_SHARE_KEY_FILE")]
    share_key_file: Option<PathBuf>,

    /// With `--identity client-id`: the broker lets nobody take somebody else's client id
    #[arg(
        long,
        env = "MCP_MQTT_CLIENT_IDS_ARE_AUTHENTICATED",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    client_ids_are_authenticated: bool,

    /// Fail, and write nothing, if there is a warning: a tool open to everybody, a weakness of the format
    #[arg(
        long,
        env = "MCP_MQTT_ACL_STRICT",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    strict: bool,

    /// Write to this file instead of standard output: all of it or nothing
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn after_help(program: &str) -> String {
    format!(
        "\
Everything that is not granted is denied. What the policy leaves open is told on standard error, or \
in the comments of a format that has some.

Examples:
  {program} acl
  {program} acl --format mosquitto --server-identity NAME -o tools.acl"
    )
}

pub(super) fn run(program: &Program, args: &AclArgs) -> Result<(), Exit> {
    let mut faults = Faults::default();
    let registry = faults.unless(program.registry());
    let share_key = faults.unless(files::share_key(args.share_key_file.as_deref()));
    let mut scope = Scope::new(program.namespace(), program.info.name);
    scope.profile = args.profile;
    scope.server_identity.clone_from(&args.server_identity);
    scope.share_key = share_key.flatten();
    let registry = registry.unwrap_or_default();
    let policy = faults.unless(Policy::derive(&scope, &registry));
    let Some(policy) = policy.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    let mut options = ExportOptions::of(&scope);
    options.identity = args.identity;
    options.client_ids_are_authenticated = args.client_ids_are_authenticated;
    let export = policy
        .export(args.format, &options)
        .map_err(|error| Exit::fault(chain(&error)))?;
    tell(&export);
    if args.strict && !export.warnings.is_empty() {
        return Err(Exit::failure(
            "nothing was written: with --strict every warning is an error",
        ));
    }
    files::write_output(args.output.as_deref(), &export.text).map_err(Exit::failure)
}

/// Warnings always; notes unless the text holds them.
fn tell(export: &Export) {
    let notes = export.notes.iter();
    let untold: Vec<_> = notes.filter(|note| !export.text.contains(*note)).collect();
    if !untold.is_empty() {
        eprintln!("note: what this policy leaves open:");
        for note in untold {
            eprint!("{}", hang(&format!("- {note}"), 2, 4));
        }
    }
    for warning in &export.warnings {
        eprint!("{}", hang(&format!("warning: {warning}"), 0, 2));
    }
}
