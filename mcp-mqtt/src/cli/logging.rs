//! The log: lines on standard error, filtered by `--log` or `RUST_LOG`.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging. A program that already logs by its own subscriber keeps it.
pub(super) fn init(filter: Option<&str>) {
    let default = "info,mqtt5=warn,mqtt5_protocol=warn,rumqttc=off";
    let filter = match filter.map(|text| (text, EnvFilter::try_new(text))) {
        Some((_, Ok(filter))) => filter,
        Some((text, Err(error))) => {
            eprintln!("warning: --log (RUST_LOG) `{text}` is no filter ({error}); using `{default}`");
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
