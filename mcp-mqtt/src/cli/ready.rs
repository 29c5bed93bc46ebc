//! The block that a server prints when it serves.

use std::fmt::Write;
use std::net::SocketAddr;

use serde_json::Value;

use super::Program;
use super::broker_args::LOCAL;
use super::exit::{Exit, Faults, program};
use super::table::{callers, hang, is_required};
use crate::mqtt::{BrokerUrl, ConnectOptions};
use crate::tool::{Registry, Tool};

/// Where the second column begins.
const COLUMN: usize = 13;

/// What the block says.
pub(super) struct Ready<'a> {
    program: &'a Program,
    registry: Registry,
    options: ConnectOptions,
    embedded: Option<SocketAddr>,
    metrics: Option<String>,
}

impl<'a> Ready<'a> {
    pub(super) fn new(program: &'a Program, options: &ConnectOptions) -> Result<Self, Exit> {
        Ok(Self {
            program,
            registry: program.registry().map_err(Faults::from)?,
            options: options.clone(),
            embedded: None,
            metrics: None,
        })
    }

    /// The broker is one of our own, here.
    pub(super) fn embedded(mut self, address: SocketAddr) -> Self {
        self.embedded = Some(address);
        self
    }

    /// What is counted can be fetched there.
    pub(super) fn metrics(mut self, url: Option<String>) -> Self {
        self.metrics = url;
        self
    }

    /// The block; `verified` says whether the broker enforces a policy.
    pub(super) fn block(&self, verified: bool) -> String {
        let mut text = format!("server `{}` is ready\n\n", self.program.info.name);
        let broker = match self.embedded {
            Some(_) => anonymous(&self.options.url),
            None => self.options.url.to_string(),
        };
        row(&mut text, "broker", &broker);
        if let Some(address) = self.embedded {
            let taken = match address.port() {
                1883 => "",
                _ => "; port 1883 was taken",
            };
            let note = "embedded, for development: in memory, callers need no password";
            row(&mut text, "", &format!("{note}{taken}"));
        }
        row(&mut text, "namespace", &self.program.namespace());
        row(
            &mut text,
            "callers",
            match verified {
                true => "verified: the broker refuses calls in the name of somebody else",
                false => "claimed: the broker enforces no policy; see `acl --help`",
            },
        );
        let widest = self.registry.iter().map(|tool| tool.name().len()).max();
        let width = widest.unwrap_or_default().min(32);
        for (i, tool) in self.registry.iter().enumerate() {
            let label = if i == 0 { "tools" } else { "" };
            let (name, callers) = (tool.name(), callers(tool.allowed_callers()));
            let column = COLUMN + width + 2;
            let callers = hang(&callers, column, column);
            let _ = write!(
                text,
                "  {label:<11}{name:<width$}  {}",
                callers.trim_start()
            );
        }
        if let Some(command) = self.example() {
            // In one line, however long: it is to be copied.
            let _ = writeln!(text, "  {:<11}{command}", "call one");
        }
        if let Some(url) = &self.metrics {
            row(&mut text, "metrics", url);
        }
        row(&mut text, "stop", "Ctrl-C");
        text.push('\n');
        text
    }

    /// A command that calls the first tool that somebody may call.
    fn example(&self) -> Option<String> {
        let (tool, caller) = self.registry.iter().find_map(|tool| {
            let caller = match tool.allowed_callers() {
                None => "me",
                Some(callers) => callers.first()?,
            };
            Some((tool, caller))
        })?;
        let mut command = format!("{} call {}", word(&program()), tool.name());
        command.push_str(&sample(tool));
        let _ = write!(command, " --as {caller}");
        let url = anonymous(&self.options.url);
        if url != LOCAL {
            let _ = write!(command, " --broker {}", word(&url));
        }
        if let Some(file) = &self.options.ca_file {
            let _ = write!(command, " --ca-file {}", word(&file.display().to_string()));
        }
        if let Some(namespace) = &self.program.namespace {
            let _ = write!(command, " --namespace {namespace}");
        }
        Some(command)
    }
}

fn row(text: &mut String, label: &str, value: &str) {
    let value = hang(value, COLUMN, COLUMN);
    let _ = write!(text, "  {label:<11}{}", value.trim_start());
}

/// The address without the user name: that is the server's, not the caller's.
fn anonymous(url: &BrokerUrl) -> String {
    let text = url.to_string();
    match (url.username(), text.split_once("://"), text.split_once('@')) {
        // An `@` in a user name is percent-encoded.
        (Some(_), Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        _ => text,
    }
}

/// A word as a shell takes it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=@%+,[]".contains(c);
    match text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// The required arguments of a tool, each with a value of its type.
fn sample(tool: &Tool) -> String {
    let schema = tool.input_schema();
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = properties.into_iter().flatten();
    required
        .filter(|(name, _)| is_required(schema, name))
        .map(|(name, schema)| format!(" --arg {}", word(&format!("{name}={}", value(schema)))))
        .collect()
}

fn value(schema: &Value) -> String {
    let first = |list| schema.get(list).and_then(|list| list.get(0));
    match first("enum").or_else(|| first("examples")) {
        Some(Value::String(text)) => return text.clone(),
        Some(value) => return value.to_string(),
        None => {}
    }
    let text = match schema.get("type").and_then(Value::as_str) {
        Some("integer" | "number") => "3",
        Some("boolean") => "true",
        Some("array") => "[]",
        Some("object") => "{}",
        _ => "Ann",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_users_name_is_not_in_what_callers_are_told() {
        let shown = |url: &str| anonymous(&url.parse().unwrap());
        assert_eq!(shown("mqtts://a%40b:pw@h"), "mqtts://h:8883");
        assert_eq!(shown("mqtt://h:1"), "mqtt://h:1");
    }

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(word("target/debug/hello"), "target/debug/hello");
        assert_eq!(word("it's here"), r"'it'\''s here'");
        assert_eq!(word("list=[]"), "list=[]");
    }

    #[test]
    fn sample_values_fit_their_schema() {
        assert_eq!(value(&json!({"enum": ["red", "green"]})), "red");
        assert_eq!(value(&json!({"type": "integer", "examples": [7]})), "7");
        assert_eq!(value(&json!({"type": "boolean"})), "true");
        assert_eq!(value(&json!(true)), "Ann");
    }
}
