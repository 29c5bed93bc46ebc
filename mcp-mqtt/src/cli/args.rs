//! The command line of a program made with `#[mcp_server]`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

use super::acl::AclArgs;
use super::broker_args::BrokerArgs;
use super::call::CallArgs;

#[derive(Debug, Parser)]
#[command(
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "Without a command it serves. Every option can also be set by the environment \
                  variable that stands behind it; a password only there or in a file, never on the \
                  command line."
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    #[command(flatten)]
    pub(super) serve: ServeArgs,

    #[command(flatten)]
    pub(super) common: CommonArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve the tools on a broker (the default)
    Serve(ServeArgs),
    /// Print the policy with which the broker lets exactly the named callers call
    Acl(AclArgs),
    /// List the tools with their callers and schemas, without a broker
    Tools(ToolsArgs),
    /// Call a tool of a running server
    #[command(after_help = super::call::AFTER_HELP)]
    Call(CallArgs),
}

/// What every command takes.
#[derive(Debug, ClapArgs)]
pub(super) struct CommonArgs {
    /// Namespace of all topics [default: that of the annotation, or a2a/v1]
    #[arg(long, global = true, env = "MCP_MQTT_NAMESPACE", value_name = "NAME")]
    pub(super) namespace: Option<String>,

    /// What to log, on standard error: `warn`, `debug`, `mcp_mqtt=trace`, … [default: info]
    #[arg(long, global = true, env = "RUST_LOG", value_name = "FILTER")]
    pub(super) log: Option<String>,
}

#[derive(Debug, Default, ClapArgs)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    pub(super) broker: BrokerArgs,

    /// Start an embedded broker if none is given, as debug builds do by themselves
    #[arg(long, env = "MCP_MQTT_DEV")]
    pub(super) dev: bool,

    /// File with the key that makes the share groups of this deployment secret
    #[arg(long, env = "MCP_MQTT_SHARE_KEY_FILE", value_name = "FILE")]
    pub(super) share_key_file: Option<PathBuf>,

    /// Stop with exit code 1 when the broker cannot be reached or the connection is lost
    #[arg(long, env = "MCP_MQTT_EXIT_ON_DISCONNECT")]
    pub(super) exit_on_disconnect: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ToolsArgs {
    /// Print the Tool Cards as JSON
    #[arg(long)]
    pub(super) json: bool,
}
