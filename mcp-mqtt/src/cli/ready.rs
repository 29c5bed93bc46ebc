//! The block that a server prints when it serves, and the signals that end it.

use std::fmt;
use std::io;

use serde_json::Value;

use super::table::{callers, columns, is_required};
use super::{Program, exit};
use crate::tool::{Registry, Tool};

/// What the block says.
pub(super) struct Ready<'a> {
    pub(super) program: &'a Program,
    pub(super) registry: &'a Registry,
    /// Without the password.
    pub(super) broker: String,
    pub(super) embedded: bool,
    pub(super) verified: bool,
}

impl fmt::Display for Ready<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.program.info.name;
        let embedded = if self.embedded {
            "  (embedded, for development: in memory, callers need no password)"
        } else {
            ""
        };
        let identity = if self.verified {
            "verified: the broker refuses calls in the name of somebody else"
        } else {
            "claimed: the broker does not enforce a policy; see `acl --help`"
        };
        writeln!(f, "server `{name}` is ready\n")?;
        writeln!(f, "  broker     {}{embedded}", self.broker)?;
        writeln!(f, "  namespace  {}", self.program.namespace())?;
        writeln!(f, "  callers    {identity}")?;
        writeln!(f, "  tools")?;
        let rows: Vec<[String; 2]> = self
            .registry
            .iter()
            .map(|tool| [tool.name().to_owned(), callers(tool.allowed_callers())])
            .collect();
        for line in columns(&rows).lines() {
            writeln!(f, "    {line}")?;
        }
        if let Some(command) = self.example() {
            writeln!(f, "\n  call one:  {command}")?;
        }
        writeln!(f, "  stop:      Ctrl-C\n")
    }
}

impl Ready<'_> {
    /// A command that calls the first tool that somebody may call.
    fn example(&self) -> Option<String> {
        let (tool, caller) = self.registry.iter().find_map(|tool| {
            let caller = match tool.allowed_callers() {
                None => "me",
                Some(callers) => callers.first()?,
            };
            Some((tool, caller))
        })?;
        let broker = if self.broker == "mqtt://127.0.0.1:1883" {
            String::new()
        } else {
            format!(" --broker {}", self.broker)
        };
        let program = exit::program();
        let arguments = sample(tool);
        let tool = tool.name();
        Some(format!(
            "{program} call {tool}{arguments} --as {caller}{broker}"
        ))
    }
}

/// The required arguments of a tool, each with a value of its type.
fn sample(tool: &Tool) -> String {
    let schema = tool.input_schema();
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = properties.into_iter().flatten();
    required
        .filter(|(name, _)| is_required(schema, name))
        .map(|(name, schema)| {
            let value = match schema.get("type").and_then(Value::as_str) {
                Some("integer" | "number") => "3",
                Some("boolean") => "true",
                Some("array") => "'[]'",
                Some("object") => "'{}'",
                _ => "Ann",
            };
            format!(" --arg {name}={value}")
        })
        .collect()
}

/// Ctrl-C or SIGTERM.
pub(super) struct Signal {
    #[cfg(unix)]
    terminate: tokio::sync::Mutex<tokio::signal::unix::Signal>,
}

impl Signal {
    /// From here on the signals do not end the process by themselves.
    pub(super) fn new() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let terminate = tokio::sync::Mutex::new(signal(SignalKind::terminate())?);
            Ok(Self { terminate })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for one of them.
    pub(super) async fn received(&self) {
        #[cfg(unix)]
        {
            let mut terminate = self.terminate.lock().await;
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
