//! Why a server cannot be built, and why one stopped serving.

use crate::grammar::NameFault;
use crate::mqtt::{ConnectionError, OptionsError};
use crate::tool::RegistryError;

/// Why a server cannot be built. All faults are collected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("{}", lines(.faults))]
pub struct BuildError {
    /// Each fault of the configuration.
    pub faults: Vec<BuildFault>,
}

/// One fault of a server's configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildFault {
    /// No name was given.
    #[error("the server has no name; call `.name(\"my-server\")`")]
    NoName,
    /// The name is none.
    #[error("server name `{name}` {fault}; use 1 to 64 of `A-Z a-z 0-9 _ - .`")]
    Name {
        /// What was given.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// The namespace is none.
    #[error(
        "namespace `{namespace}` {fault}; use levels of 1 to 64 of `A-Z a-z 0-9 _ - .`, separated by `/`"
    )]
    Namespace {
        /// What was given.
        namespace: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// The share key cannot stand in a topic filter.
    #[error("the share key {fault}; use 1 to 64 of `A-Z a-z 0-9 _ - .`")]
    ShareKey {
        /// What is wrong with it; the key itself is not shown.
        fault: NameFault,
    },
    /// A limit with which no call could be served.
    #[error("{limit} must be {must}")]
    Limit {
        /// The limit.
        limit: &'static str,
        /// What it must be.
        must: String,
    },
    /// No broker was given.
    #[error("no broker is set; call `.broker(ConnectOptions::new(url))`")]
    NoBroker,
    /// There is no tool.
    #[error(
        "the server has no tools; annotate a function with `#[tool]`, or if the tools are in another crate, \
         write `use that_crate as _;` so that it is linked"
    )]
    NoTools,
    /// The linked tools do not make a registry, or groups among their callers are not defined.
    #[error(transparent)]
    Registry(RegistryError),
    /// The schema of a tool's arguments cannot be used, for instance for a pattern that is none.
    #[error("tool `{tool}`{} has a schema that cannot be used: {reason}; mend its `#[schemars(..)]`", at(.source_place))]
    Schema {
        /// The tool.
        tool: String,
        /// What is wrong with it.
        reason: String,
        /// File and line of the tool.
        source_place: Option<(&'static str, u32)>,
    },
    /// A tool takes a state that was not set.
    #[error("tool `{tool}`{} takes `State<{state}>`, which is not set; return `setup.state(..)` from `main`, or call `.state(..)` on the builder", at(.source_place))]
    MissingState {
        /// The tool.
        tool: String,
        /// The type of the state.
        state: &'static str,
        /// File and line of the tool.
        source_place: Option<(&'static str, u32)>,
    },
}

/// Why a server stopped, or never began to serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The connection options cannot work.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The connection is lost for good.
    #[error("the connection to the broker ended")]
    Connection(#[source] std::sync::Arc<ConnectionError>),
    /// The broker does not let the server do what serving needs.
    #[error(
        "the broker refused to let the server {action} {}: {reason}; {advice}", list(.topics)
    )]
    #[non_exhaustive]
    Refused {
        /// `subscribe to` or `publish to`.
        action: &'static str,
        /// The topics or filters.
        topics: Vec<String>,
        /// What the broker, or this side, said of the first of them.
        reason: String,
        /// What to do.
        advice: String,
    },
    /// The system gives no thread for the deadlines of calls.
    #[error(
        "no thread could be started to keep the deadlines of calls; raise the limit of threads"
    )]
    Thread(#[source] std::io::Error),
    /// The runtime that tasks run on is gone.
    #[error("the server's task ended unexpectedly; this is a defect, please report it")]
    Task,
}

fn lines(faults: &[BuildFault]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn at(place: &Option<(&'static str, u32)>) -> String {
    place.map_or_else(String::new, |(file, line)| format!(" ({file}:{line})"))
}

/// The first few, and how many more.
fn list(topics: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = topics
        .iter()
        .take(SHOWN)
        .map(|t| format!("`{t}`"))
        .collect();
    match topics.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
