//! `acl`: the policy for the broker.

use std::path::PathBuf;

use clap::Args;

use super::Program;
use super::exit::{Exit, chain};
use super::files;
use crate::acl::{ExportOptions, Format, Identity, Policy, Profile, Scope};

#[derive(Debug, Args)]
pub(super) struct AclArgs {
    /// Form of the policy: json, or that of a broker, such as mosquitto or emqx
    #[arg(long, default_value_t = Format::Json, env = "MCP_MQTT_ACL_FORMAT")]
    format: Format,

    /// `reference` for clients of the published draft, `hardened` for clients of this crate alone
    #[arg(long, default_value_t = Profile::Reference, env = "MCP_MQTT_ACL_PROFILE")]
    profile: Profile,

    /// What tells the broker who a client is: username, client-id, agent-id, cert-cn
    #[arg(long, default_value_t = Identity::Username, env = "MCP_MQTT_ACL_IDENTITY")]
    identity: Identity,

    /// Grant also what the server itself needs, under this name
    #[arg(long, value_name = "NAME", env = "MCP_MQTT_SERVER_IDENTITY")]
    server_identity: Option<String>,

    /// File with the key that `serve` is given
    #[arg(long, value_name = "FILE", env = "MCP_MQTT_SHARE_KEY_FILE")]
    share_key_file: Option<PathBuf>,

    /// The broker lets nobody take the client id of somebody else
    #[arg(long, env = "MCP_MQTT_CLIENT_IDS_ARE_AUTHENTICATED")]
    client_ids_are_authenticated: bool,

    /// Fail if a tool is open to everybody or the format leaves a weakness
    #[arg(long, env = "MCP_MQTT_ACL_STRICT")]
    strict: bool,

    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(program: &Program, args: &AclArgs) -> Result<(), Exit> {
    let registry = program.registry()?;
    let mut scope = Scope::new(program.namespace(), program.info.name);
    scope.profile = args.profile;
    scope.server_identity.clone_from(&args.server_identity);
    scope.share_key = match &args.share_key_file {
        Some(path) => Some(files::read_secret(path).map_err(Exit::faults)?),
        None => None,
    };
    let policy = Policy::derive(&scope, &registry).map_err(Exit::faults)?;
    let mut options = ExportOptions::of(&scope);
    options.identity = args.identity;
    options.client_ids_are_authenticated = args.client_ids_are_authenticated;
    let export = policy
        .export(args.format, &options)
        .map_err(|error| Exit::faults(chain(&error)))?;
    for note in &export.notes {
        eprintln!("note: {note}");
    }
    for warning in &export.warnings {
        eprintln!("warning: {warning}");
    }
    if args.strict && !export.warnings.is_empty() {
        return Err(Exit::failure(
            "nothing was written: with --strict every warning above is an error",
        ));
    }
    files::write_output(args.output.as_deref(), &export.text).map_err(Exit::failure)
}
