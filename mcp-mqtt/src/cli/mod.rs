//! The command lines: that of every program made with `#[mcp_server]`, and that of `mcp-mqtt`.
//!
//! Parses arguments and environment, prints, and chooses exit codes; everything else is done below.

mod acl;
mod args;
mod bench;
#[cfg(feature = "broker")]
mod broker;
mod broker_args;
mod call;
mod embedded;
mod exit;
mod files;
mod logging;
#[cfg(feature = "metrics")]
mod metrics;
mod parse;
mod ready;
mod serve;
mod share;
mod signal;
mod standalone;
mod table;
mod tools;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::entry::{ServerInfo, SetupHook};
use crate::tool::{Registry, RegistryError};
use crate::wire::{DEFAULT_NAMESPACE, Namespace};
use args::{Args, Command};
use exit::Exit;

pub use standalone::main;

/// The program of an `#[mcp_server]`.
pub(crate) fn run(info: ServerInfo, hook: SetupHook) -> ExitCode {
    let about = if info.description.is_empty() {
        format!(
            "The MCP server `{}`, serving tools on an MQTT 5 broker",
            info.name
        )
    } else {
        info.description.to_owned()
    };
    let name = exit::program_name();
    let command = Args::command()
        .name(info.name)
        .bin_name(&name)
        .version(info.version)
        .about(about)
        .after_help(args::after_help(&name))
        .mut_subcommand("call", |call| call.after_help(call::after_help(&name)))
        .mut_subcommand("acl", |acl| acl.after_help(acl::after_help(&name)));
    let args = match parse::matches(command).and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => return exit::usage(&error),
    };
    let common = args.common;
    let log = match args.command {
        None | Some(Command::Serve(_)) => logging::SERVER,
        Some(_) => logging::COMMAND,
    };
    logging::init(common.log.as_deref(), log);
    let program = Program {
        info,
        namespace: common.namespace,
    };
    let outcome = match args.command {
        None => serve::run(&program, args.serve, hook),
        Some(Command::Serve(serve)) => serve::run(&program, serve, hook),
        Some(Command::Acl(acl)) => acl::run(&program, &acl),
        Some(Command::Tools(tools)) => tools::run(&program, tools.json),
        Some(Command::Call(call)) => call::run(call, &program.namespace()),
    };
    Exit::code(outcome)
}

/// What the annotations say of this program, and the namespace that the command line may override.
struct Program {
    info: ServerInfo,
    namespace: Option<String>,
}

impl Program {
    fn namespace(&self) -> String {
        let annotated = self.info.namespace.unwrap_or(DEFAULT_NAMESPACE);
        self.namespace
            .clone()
            .unwrap_or_else(|| annotated.to_owned())
    }

    /// The linked tools, with the callers that the annotations give them.
    fn registry(&self) -> Result<Registry, RegistryError> {
        self.info.registry()
    }
}

/// A namespace, or what is wrong with it.
fn namespace(name: &str) -> Result<Namespace, String> {
    Namespace::new(name)
        .map_err(|fault| format!("--namespace (MCP_MQTT_NAMESPACE) `{name}` {fault}"))
}
