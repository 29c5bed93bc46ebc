//! The command line of a program made with `#[mcp_server]`.

use clap::builder::BoolishValueParser;
use clap::{Args as ClapArgs, Parser, Subcommand};

use super::acl::AclArgs;
use super::broker_args::BrokerArgs;
use super::call::CallArgs;
use super::share::ShareArgs;

#[derive(Debug, Parser)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    #[command(flatten)]
    pub(super) serve: ServeArgs,

    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// What stands below the options of a server's program.
pub(super) fn after_help(program: &str) -> String {
    format!(
        "\
Without a command it serves. Options can also be set by the environment variables behind them. \
A password belongs in MQTT_PASSWORD, in a file, or in MQTT_URL: on the command line everybody on \
this machine can read it.

Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 stopped by something else, 2 wrong usage or \
configuration; for `call` see `call --help`.

Examples:
  {program}
  {program} --broker mqtts://broker.example
  {program} tools
  {program} acl --format mosquitto --server-identity NAME -o tools.acl"
    )
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
    Call(CallArgs),
}

/// What every command takes.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Common")]
pub(super) struct CommonArgs {
    /// Namespace of all topics [default: that of the server, else a2a/v1]
    #[arg(long, global = true, env = "MCP_MQTT_NAMESPACE", value_name = "NAME")]
    pub(super) namespace: Option<String>,

    /// Log on standard error: off, warn, debug, mcp_mqtt=trace, … [default: info of what serves, else off]
    #[arg(long, global = true, env = "RUST_LOG", value_name = "FILTER")]
    pub(super) log: Option<String>,
}

#[derive(Debug, Default, ClapArgs)]
#[command(next_help_heading = "Serving")]
pub(super) struct ServeArgs {
    /// Without --broker: start an embedded one, for development, as debug builds do by themselves
    #[arg(long, env = "MCP_MQTT_DEV", value_parser = BoolishValueParser::new())]
    pub(super) dev: bool,

    /// Stop with exit code 1, instead of trying again, when there is no connection to the broker
    #[arg(
        long,
        env = "MCP_MQTT_EXIT_ON_DISCONNECT",
        value_parser = BoolishValueParser::new()
    )]
    pub(super) exit_on_disconnect: bool,

    /// Show Prometheus what is counted, at http://ADDR/metrics, to everybody who reaches it; port 0 is any
    #[cfg(feature = "metrics")]
    #[arg(long, env = "MCP_MQTT_METRICS", value_name = "ADDR")]
    pub(super) metrics: Option<std::net::SocketAddr>,

    #[command(flatten)]
    pub(super) share: ShareArgs,

    #[command(flatten)]
    pub(super) broker: BrokerArgs,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ToolsArgs {
    /// Print the Tool Cards as JSON
    #[arg(long)]
    pub(super) json: bool,
}
