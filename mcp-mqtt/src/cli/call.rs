//! `call`: one call from a terminal or a script.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};

use super::broker_args::{BrokerArgs, LOCAL};
use super::exit::{Exit, Faults};
use super::files;
use super::table::{clean, tame};
use crate::client::{CallError, Client, ConnectError};
use crate::error::chain;
use crate::grammar;
use crate::mqtt::ConnectionError;

pub(super) fn after_help(program: &str) -> String {
    format!(
        "\
The result is printed on standard output as JSON; partial results as they come, and errors, \
on standard error. Without --broker it calls at {LOCAL}.

Exit codes: 0 a result, 2 wrong usage, 3 unauthorized, 4 unavailable or timeout, 5 invalid arguments \
or an error of the tool.

Examples:
  {program} call greet --arg name=Ann --as scout
  {program} call greet '{{\"name\": \"Ann\"}}' --as scout --timeout 5s"
    )
}

#[derive(Debug, Args)]
pub(super) struct CallArgs {
    /// The tool to call
    tool: String,

    /// Its arguments, as a JSON object [default: {}]
    #[arg(value_name = "JSON", conflicts_with = "arg")]
    json: Option<String>,

    /// One argument, as often as needed; a value that is JSON is read as JSON, any other as text
    #[arg(long, value_name = "NAME=VALUE")]
    arg: Vec<String>,

    /// The identity to call as
    #[arg(long = "as", value_name = "CALLER", env = "MCP_MQTT_CALLER")]
    caller: String,

    /// How long to wait for the result, such as 500ms, 5s or 2m
    #[arg(long, value_name = "TIME", default_value = "30s", env = "MCP_MQTT_TIMEOUT", value_parser = humantime::parse_duration)]
    timeout: Duration,

    #[command(flatten)]
    broker: BrokerArgs,
}

pub(super) fn run(args: CallArgs, namespace: &str) -> Result<(), Exit> {
    let mut faults = Faults::default();
    if let Err(fault) = grammar::tool(&args.tool) {
        faults.add(format_args!(
            "tool name `{}` {fault}",
            args.tool.escape_default()
        ));
    }
    faults.unless(caller(&args.caller));
    faults.unless(super::namespace(namespace));
    let arguments = faults.unless(arguments(args.json.as_deref(), &args.arg));
    let options = faults.unless(args.broker.connect_options_or_local(&args.caller));
    let (Some(arguments), Some(options), true) = (arguments, options, faults.is_empty()) else {
        return Err(faults.into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Exit::failure(format!("the async runtime cannot start: {error}")))?;
    runtime.block_on(async {
        let client = Client::builder(args.caller)
            .namespace(namespace)
            .broker(options)
            .timeout(args.timeout)
            .connect()
            .await
            .map_err(|error| not_connected(&error))?;
        let mut call = client.call_streamed(args.tool, arguments);
        let mut progress = Progress::default();
        while let Some(partial) = call.next().await {
            progress.show(&partial);
        }
        progress.end();
        let result = call.result().await;
        client.disconnect().await;
        let result = result.map_err(|error| failed(&error))?;
        let text = serde_json::to_string_pretty(&result).map_err(Exit::failure)?;
        let text = tame(&text);
        files::print(&format!("{text}\n")).map_err(Exit::failure)
    })
}

/// Whether somebody can have this name.
pub(super) fn caller(name: &str) -> Result<(), String> {
    grammar::caller(name)
        .map_err(|fault| format!("--as (MCP_MQTT_CALLER) `{}` {fault}", name.escape_default()))
}

/// The arguments from a JSON object or from `NAME=VALUE`s.
fn arguments(json: Option<&str>, pairs: &[String]) -> Result<Map<String, Value>, Faults> {
    if let Some(json) = json {
        let object = serde_json::from_str(json).map_err(|error| {
            format!("the arguments are no JSON object, such as `{{\"name\": \"Ann\"}}`: {error}")
        });
        return Ok(object?);
    }
    let mut arguments = Map::new();
    let mut faults = Faults::default();
    for pair in pairs {
        match pair.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
                if arguments.insert(name.to_owned(), value).is_some() {
                    faults.add(format_args!("--arg `{name}` is given twice"));
                }
            }
            _ => faults.add(format_args!("--arg `{pair}`: write `name=value`")),
        }
    }
    match faults.is_empty() {
        true => Ok(arguments),
        false => Err(faults),
    }
}

pub(super) fn not_connected(error: &ConnectError) -> Exit {
    match error {
        ConnectError::Connection(cause @ ConnectionError::Refused { code, .. })
            if NOT_AUTHORIZED.contains(code) =>
        {
            Exit::unauthorized(chain(cause))
        }
        ConnectError::Connection(cause) => Exit::unavailable(chain(cause)),
        ConnectError::Inbox { .. } => Exit::unauthorized(chain(error)),
        _ => Exit::fault(chain(error)),
    }
}

/// The reason codes of a CONNACK that speak of who connects: bad user name or password, not authorized,
/// banned, bad authentication method (MQTT 5.0 §3.2.2.2).
const NOT_AUTHORIZED: [u8; 4] = [0x86, 0x87, 0x8A, 0x8C];

pub(super) fn failed(error: &CallError) -> Exit {
    // Much of it is a peer's text.
    let text = clean(&chain(error));
    match error {
        CallError::Unauthorized { .. } => Exit::unauthorized(text),
        CallError::Unavailable { .. }
        | CallError::Timeout { .. }
        | CallError::ServerDied { .. }
        | CallError::Connection { .. }
        | CallError::NotTaken { .. } => Exit::unavailable(text),
        CallError::InvalidArguments { faults, .. } if !faults.is_empty() => {
            let lines = faults.iter().map(|fault| {
                let place = if fault.pointer.is_empty() {
                    "arguments"
                } else {
                    &fault.pointer
                };
                format!("{} {}", clean(place), clean(&fault.message))
            });
            Exit::call_failed(lines.collect())
        }
        CallError::Tool {
            code: Some(code), ..
        } => Exit::call_failed(vec![format!("{text} (code {})", clean(code))]),
        _ => Exit::call_failed(vec![text]),
    }
}

/// Partial results on standard error: a bar on a terminal when they tell `progress` and `total`,
/// else one line of JSON each.
#[derive(Default)]
struct Progress {
    bar: bool,
}

const BAR: usize = 30;

impl Progress {
    fn show(&mut self, partial: &Value) {
        let mut out = std::io::stderr().lock();
        // Nobody is left to tell when standard error is closed.
        let _ = match fraction(partial).filter(|_| out.is_terminal()) {
            Some((fraction, text)) => {
                self.bar = true;
                write!(out, "\r\u{1b}[K{} {text}", bar(fraction)).and_then(|()| out.flush())
            }
            None => {
                if std::mem::take(&mut self.bar) {
                    let _ = writeln!(out);
                }
                writeln!(out, "{}", tame(&partial.to_string()))
            }
        };
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.bar) {
            eprintln!();
        }
    }
}

/// How much is done, from 0 to 1, and in words.
fn fraction(partial: &Value) -> Option<(f64, String)> {
    let (done, total) = (
        partial.get("progress")?.as_f64()?,
        partial.get("total")?.as_f64()?,
    );
    if !(done.is_finite() && total.is_finite() && total > 0.0) {
        return None;
    }
    let message = partial
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let text = format!("{done}/{total} {}", clean(message));
    Some(((done / total).clamp(0.0, 1.0), text))
}

fn bar(fraction: f64) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    let full = ((fraction * BAR as f64) as usize).min(BAR);
    format!("[{}{}]", "#".repeat(full), " ".repeat(BAR - full))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_json_where_they_are_json() {
        let pairs = ["n=3", "name=Ann", "list=[1]", "text=a=b", "quoted=\"3\""].map(str::to_owned);
        let arguments = arguments(None, &pairs).unwrap();
        assert_eq!(
            Value::Object(arguments),
            json!({"n": 3, "name": "Ann", "list": [1], "text": "a=b", "quoted": "3"})
        );
    }

    #[test]
    fn what_is_no_argument_is_said_all_at_once() {
        let pairs = ["n", "=3", "a=1", "a=2"].map(str::to_owned);
        assert_eq!(arguments(None, &pairs).unwrap_err().len(), 3);
        assert!(arguments(Some("[]"), &[]).is_err());
    }

    #[test]
    fn progress_is_a_bar_only_with_numbers_that_make_sense() {
        assert_eq!(bar(0.5), format!("[{}{}]", "#".repeat(15), " ".repeat(15)));
        assert!(fraction(&json!({"progress": 1, "total": 0})).is_none());
        assert!(fraction(&json!("text")).is_none());
        assert_eq!(
            fraction(&json!({"progress": 9, "total": 3})).unwrap().0,
            1.0
        );
    }
}
