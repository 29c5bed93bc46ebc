//! The harness of the tests: real brokers, bare MQTT clients, the reference peers from npm.
//!
//! What is tested stands in `tests/tests`; nothing here knows what a tool, a card or a policy is.
//! Everything waits for an event, never for a span of time, and gives up after [`PATIENCE`].

pub mod artifacts;
pub mod chaos;
pub mod fuzz;
pub mod log;
pub mod mosquitto;
pub mod npm;
pub mod proxy;
pub mod raw;
pub mod seeded;

use std::future::Future;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use anyhow::{Context, Result};

pub use log::Log;
pub use mosquitto::Mosquitto;
pub use npm::Npm;
pub use proxy::Proxy;
pub use raw::{Message, Properties, RawClient, RawOptions};

/// How long anything may take before a test fails: far more than it takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for `event`, and fails with the name of what was awaited after [`PATIENCE`].
///
/// # Errors
///
/// When the time is over.
pub async fn within<T>(what: &str, event: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(PATIENCE, event)
        .await
        .with_context(|| format!("waited {PATIENCE:?} in vain for {what}"))
}

/// A TCP port on loopback that was free a moment ago. Another process may take it meanwhile: whoever
/// starts a listener on it must be ready to try again.
///
/// # Errors
///
/// When the system has no free port.
pub fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on loopback")?;
    Ok(listener.local_addr()?.port())
}
