//! Serving without the `cli` feature: configured by the environment alone.

use std::process::ExitCode;

use super::{Server, Setup};
use crate::entry::{ServerInfo, SetupHook};
use crate::mqtt::{BrokerUrl, ConnectOptions, Secret};

/// Serves what is linked on the broker in `MQTT_URL`, as `MQTT_USERNAME` with `MQTT_PASSWORD`.
pub(crate) fn run_from_env(info: ServerInfo, hook: SetupHook) -> ExitCode {
    match run(info, hook) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            eprintln!("error: {message}");
            ExitCode::from(code)
        }
    }
}

fn run(info: ServerInfo, hook: SetupHook) -> Result<(), (u8, String)> {
    let url = std::env::var("MQTT_URL")
        .map_err(|_| (2, "MQTT_URL is not set; it names the broker".to_owned()))?;
    let url: BrokerUrl = url
        .parse()
        .map_err(|error| (2, format!("MQTT_URL: {error}")))?;
    let mut options = ConnectOptions::new(url);
    if let Ok(name) = std::env::var("MQTT_USERNAME") {
        options.username = Some(name);
    }
    if let Ok(password) = std::env::var("MQTT_PASSWORD") {
        options.password = Some(Secret::new(password));
    }
    let registry = info.registry().map_err(|error| (2, error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| (1, error.to_string()))?;
    runtime.block_on(async {
        let setup = hook(Setup::default()).await.map_err(|text| (1, text))?;
        let mut builder = Server::builder()
            .name(info.name)
            .version(info.version)
            .description(info.description)
            .registry(registry)
            .broker(options)
            .setup(setup);
        if let Some(namespace) = info.namespace {
            builder = builder.namespace(namespace);
        }
        let server = builder.build().map_err(|error| (2, error.to_string()))?;
        server.serve().await.map_err(|error| (1, error.to_string()))
    })
}
