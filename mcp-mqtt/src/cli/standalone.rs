//! The program `mcp-mqtt`: tools and calls on any broker, and a broker for development.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::args::CommonArgs;
use super::bench::{self, BenchArgs};
use super::broker_args::BrokerArgs;
use super::call::{self, CallArgs};
use super::exit::{self, Exit, Faults};
use super::{logging, parse, tools};
use crate::client::{Client, DiscoveryError};
use crate::error::chain;
use crate::wire::DEFAULT_NAMESPACE;

/// Find and call MCP tools on an MQTT 5 broker
#[derive(Debug, Parser)]
#[command(name = "mcp-mqtt", version, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the tools that the broker's cards show
    Tools(ToolsArgs),
    /// Call a tool
    Call(CallArgs),
    /// Measure what calls of a tool cost
    Bench(BenchArgs),
    /// Questions about exported policies, and policies in other forms
    Acl(super::acl::StandaloneArgs),
    /// Run a broker for development: in memory, identity = user name
    #[cfg(feature = "broker")]
    Broker(super::broker::Args),
}

#[derive(Debug, clap::Args)]
struct ToolsArgs {
    /// Print the Tool Cards as JSON
    #[arg(long)]
    json: bool,

    /// The identity to look as
    #[arg(long = "as", value_name = "CALLER", env = "MCP_MQTT_CALLER")]
    caller: String,

    #[command(flatten)]
    broker: BrokerArgs,
}

/// Runs the program `mcp-mqtt` with the arguments of this process.
pub fn main() -> ExitCode {
    let command = Args::command()
        .mut_subcommand("call", |call| call.after_help(call::after_help("mcp-mqtt")))
        .mut_subcommand("bench", |bench| bench.after_help(bench::after_help()));
    let args = match parse::matches(command).and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => return exit::usage(&error),
    };
    let log = match args.command {
        #[cfg(feature = "broker")]
        Command::Broker(_) => logging::SERVER,
        Command::Tools(_) | Command::Call(_) | Command::Bench(_) | Command::Acl(_) => {
            logging::COMMAND
        }
    };
    logging::init(args.common.log.as_deref(), log);
    let namespace = args
        .common
        .namespace
        .unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
    Exit::code(match args.command {
        Command::Tools(tools) => list(tools, &namespace),
        Command::Call(call) => call::run(call, &namespace),
        Command::Bench(bench) => bench::run(bench, &namespace),
        Command::Acl(acl) => super::acl::run_standalone(&acl),
        #[cfg(feature = "broker")]
        Command::Broker(broker) => super::broker::run(broker),
    })
}

fn list(args: ToolsArgs, namespace: &str) -> Result<(), Exit> {
    let mut faults = Faults::default();
    faults.unless(super::namespace(namespace));
    faults.unless(call::caller(&args.caller));
    let options = faults.unless(args.broker.connect_options_or_local(&args.caller));
    let Some(options) = options.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Exit::failure(format!("the async runtime cannot start: {error}")))?;
    let cards = runtime.block_on(async {
        let client = Client::builder(args.caller)
            .namespace(namespace)
            .broker(options)
            .connect()
            .await
            .map_err(|error| call::not_connected(&error))?;
        let cards = client.tools().await;
        client.disconnect().await;
        cards.map_err(|error| match error {
            DiscoveryError::Unauthorized { .. } => Exit::unauthorized(chain(&error)),
            error => Exit::unavailable(chain(&error)),
        })
    })?;
    if cards.is_empty() && !args.json {
        eprintln!(
            "no tools are on the broker in the namespace `{namespace}`; --namespace chooses another"
        );
    }
    tools::print(&cards, args.json)
}
