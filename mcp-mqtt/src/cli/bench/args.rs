//! The options of `bench`, and what is to be done by them.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use super::TURN;
use super::usage;
use crate::cli::broker_args::{BrokerArgs, LOCAL};
use crate::cli::call;
use crate::cli::exit::{Exit, Faults};
use crate::grammar;
use crate::mqtt::ConnectOptions;
use crate::wire::Namespace;

pub(in crate::cli) fn after_help() -> String {
    format!(
        "\
It calls in a closed loop: each call that ends makes room for the next. A tool that is missing or \
refused is told at once; failures later on are counted by kind. Without --broker it calls at {LOCAL}.

With --floor it also measures requests and responses of bare MQTT on the same broker, with payloads of \
the same sizes, in turns of at most a second. For that the caller must be allowed to publish and to \
subscribe on {{namespace}}/mcp/clients/{{caller}}/bench/#, which no exported policy grants.

Exit codes: as those of `call`; 1 if no call succeeded.

Examples:
  mcp-mqtt bench --tool echo --concurrency 64 --floor
  mcp-mqtt bench --tool greet --arguments '{{\"name\": \"Ann\"}}' --as scout --json"
    )
}

#[derive(Debug, Args)]
pub(in crate::cli) struct BenchArgs {
    /// The tool to call; `echo` is that of the example of this name
    #[arg(
        long,
        value_name = "NAME",
        default_value = "echo",
        env = "MCP_MQTT_BENCH_TOOL"
    )]
    tool: String,

    /// How many calls are on their way at a time, from 1 to 4096
    #[arg(long, value_name = "COUNT", default_value_t = 1, env = "MCP_MQTT_BENCH_CONCURRENCY", value_parser = clap::value_parser!(u16).range(1..=4096))]
    concurrency: u16,

    /// Bytes of text in the argument `text` of each call
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 64,
        env = "MCP_MQTT_BENCH_PAYLOAD"
    )]
    payload: usize,

    /// The arguments of each call, as a JSON object, instead of --payload
    #[arg(
        long,
        value_name = "JSON",
        conflicts_with = "payload",
        env = "MCP_MQTT_BENCH_ARGUMENTS"
    )]
    arguments: Option<String>,

    /// How long to measure, such as 500ms, 10s or 2m; with --floor the raw pair as long again
    #[arg(long, value_name = "TIME", default_value = "10s", env = "MCP_MQTT_BENCH_DURATION", value_parser = humantime::parse_duration)]
    duration: Duration,

    /// How long to call before that without measuring
    #[arg(long, value_name = "TIME", default_value = "1s", env = "MCP_MQTT_BENCH_WARMUP", value_parser = humantime::parse_duration)]
    warmup: Duration,

    /// Also measure bare MQTT on the same broker, and compare
    #[arg(long)]
    floor: bool,

    /// The server's process on this machine: measure its CPU and memory (Linux)
    #[arg(long, value_name = "PID", env = "MCP_MQTT_BENCH_PID")]
    pid: Option<u32>,

    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,

    /// The identity to call as
    #[arg(
        long = "as",
        value_name = "CALLER",
        default_value = "bench",
        env = "MCP_MQTT_CALLER"
    )]
    caller: String,

    /// How long to wait for each result
    #[arg(long, value_name = "TIME", default_value = "30s", env = "MCP_MQTT_TIMEOUT", value_parser = humantime::parse_duration)]
    timeout: Duration,

    /// Be the responder of --floor, as standard input says, until it ends
    #[arg(long, hide = true)]
    pub(super) floor_responder: bool,

    #[command(flatten)]
    broker: BrokerArgs,
}

/// What is measured, and how.
pub(super) struct Plan {
    pub(super) tool: String,
    pub(super) arguments: Map<String, Value>,
    pub(super) concurrency: u16,
    pub(super) duration: Duration,
    pub(super) warmup: Duration,
    pub(super) timeout: Duration,
    pub(super) floor: bool,
    pub(super) pid: Option<u32>,
    pub(super) caller: String,
    pub(super) namespace: Namespace,
    pub(super) options: ConnectOptions,
}

impl BenchArgs {
    /// How the responder of the floor connects: as the caller does.
    pub(super) fn options(self) -> Result<ConnectOptions, Faults> {
        self.broker.connect_options_or_local(&self.caller)
    }

    pub(super) fn plan(self, namespace: &str) -> Result<Plan, Exit> {
        let mut faults = Faults::default();
        if let Err(fault) = grammar::tool(&self.tool) {
            faults.add(format_args!(
                "--tool `{}` {fault}",
                self.tool.escape_default()
            ));
        }
        if self.duration.is_zero() {
            faults.add("--duration: must be more than nothing");
        }
        if let Some(Err(error)) = self.pid.map(usage::of) {
            faults.add(format_args!("--pid: cannot measure this process: {error}"));
        }
        faults.unless(call::caller(&self.caller));
        let namespace = faults.unless(crate::cli::namespace(namespace));
        let arguments = faults.unless(match &self.arguments {
            Some(json) => serde_json::from_str(json).map_err(|error| {
                format!("--arguments: no JSON object, such as `{{\"name\": \"Ann\"}}`: {error}")
            }),
            None => Ok(Map::from_iter([(
                "text".to_owned(),
                json!("x".repeat(self.payload)),
            )])),
        });
        let options = faults.unless(self.broker.connect_options_or_local(&self.caller));
        match (namespace, arguments, options) {
            (Some(namespace), Some(arguments), Some(options)) if faults.is_empty() => Ok(Plan {
                tool: self.tool,
                arguments,
                concurrency: self.concurrency,
                duration: self.duration,
                warmup: self.warmup,
                timeout: self.timeout,
                floor: self.floor,
                pid: self.pid,
                caller: self.caller,
                namespace,
                options,
            }),
            _ => Err(faults.into()),
        }
    }
}

impl Plan {
    /// The turns that make up the duration.
    pub(super) fn turns(&self) -> Vec<Duration> {
        let turns = self.duration.div_duration_f64(TURN).ceil().max(1.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let turns = turns as u32;
        vec![self.duration / turns; turns as usize]
    }
}
