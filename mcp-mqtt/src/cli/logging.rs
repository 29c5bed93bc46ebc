//! The log: lines on standard error, filtered by `--log` or `RUST_LOG`.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What a server logs. The engines below tell what this crate tells in its own words.
pub(super) const SERVER: &str = "info,mqtt5=off,mqtt5_protocol=off,rumqttc=off";

/// What a command logs that ends by itself: nothing, since it prints its error.
pub(super) const COMMAND: &str = "off";

/// Starts logging. A program that already logs by its own subscriber keeps it.
pub(super) fn init(filter: Option<&str>, default: &str) {
    let filter = match filter.map(|text| (text, EnvFilter::try_new(text))) {
        Some((_, Ok(filter))) => filter,
        Some((text, Err(error))) => {
            eprintln!(
                "warning: --log (RUST_LOG) `{text}` is no filter ({error}); using `{default}`"
            );
            EnvFilter::new(default)
        }
        None => EnvFilter::new(default),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    // Fails only where a subscriber is set already: then that one is meant to be used.
    let _ = subscriber.try_init();
}
