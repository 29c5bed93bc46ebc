//! Where the broker is and how to authenticate: the options that every connecting command has.

use std::path::PathBuf;

use clap::Args;

use super::exit::Faults;
use super::files;
use crate::mqtt::{BrokerUrl, ConnectOptions, Connections, Secret};

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Broker")]
pub(super) struct BrokerArgs {
    /// mqtt://, mqtts://, ws:// or wss://[USER[:PASSWORD]@]HOST[:PORT]
    #[arg(long, env = "MQTT_URL", value_name = "URL")]
    pub(super) broker: Option<String>,

    /// User name [default: that of the URL, else the caller's or server's name]
    #[arg(long, env = "MQTT_USERNAME", value_name = "NAME")]
    pub(super) username: Option<String>,

    /// File with the password; or set MQTT_PASSWORD
    #[arg(long, env = "MQTT_PASSWORD_FILE", value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,

    /// MQTT client id [default: the name and random digits]
    #[arg(long, env = "MQTT_CLIENT_ID", value_name = "ID")]
    pub(super) client_id: Option<String>,

    /// Publish and subscribe on one connection or on two; auto: on two if the broker is slow on one
    #[arg(
        long,
        env = "MQTT_CONNECTIONS",
        value_name = "auto|one|two",
        default_value_t
    )]
    pub(super) connections: Connections,

    /// Certificates (PEM) to trust [default: those of the system]
    #[arg(long, env = "MQTT_CA_FILE", value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,

    /// Certificate (PEM) to show to the broker
    #[arg(long, env = "MQTT_CERT_FILE", value_name = "FILE")]
    pub(super) cert_file: Option<PathBuf>,

    /// Private key (PEM) of that certificate
    #[arg(long, env = "MQTT_KEY_FILE", value_name = "FILE")]
    pub(super) key_file: Option<PathBuf>,
}

/// Where a program looks for a broker that none was named for: the embedded one of a server.
pub(super) const LOCAL: &str = "mqtt://127.0.0.1:1883";

impl BrokerArgs {
    /// The options for a connection as `name`, to the local broker where none is given.
    pub(super) fn connect_options_or_local(mut self, name: &str) -> Result<ConnectOptions, Faults> {
        let broker = self.broker.take().unwrap_or_else(|| LOCAL.to_owned());
        self.options(&broker, name)
    }

    /// The options for a connection as `name`, if a broker is given.
    pub(super) fn connect_options(mut self, name: &str) -> Result<Option<ConnectOptions>, Faults> {
        let broker = self.broker.take();
        broker.map(|broker| self.options(&broker, name)).transpose()
    }

    fn options(self, broker: &str, name: &str) -> Result<ConnectOptions, Faults> {
        let mut faults = Faults::default();
        let url = broker
            .parse::<BrokerUrl>()
            .map_err(|error| format!("--broker (MQTT_URL): {error}"));
        let (url, password) = (faults.unless(url), faults.unless(self.password()));
        let (Some(url), Some(password)) = (url, password) else {
            return Err(faults);
        };
        if url.password().is_some() && std::env::args().any(|arg| arg.contains(broker)) {
            eprintln!(
                "warning: everybody on this machine can read the password on the command line; \
                 set MQTT_URL or MQTT_PASSWORD instead"
            );
        }
        let mut options = ConnectOptions::new(url);
        let username = self.username.or(options.username);
        options.username = username.or_else(|| Some(name.to_owned()));
        options.password = password.or(options.password);
        options.client_id = self.client_id;
        options.connections = self.connections;
        options.ca_file = self.ca_file;
        options.cert_file = self.cert_file;
        options.key_file = self.key_file;
        options.check()?;
        Ok(options)
    }

    /// The password of the file, or else of the environment.
    fn password(&self) -> Result<Option<Secret>, String> {
        match &self.password_file {
            Some(path) => files::read_secret("--password-file (MQTT_PASSWORD_FILE)", path)
                .map(|text| Some(Secret::new(text))),
            None => match std::env::var("MQTT_PASSWORD") {
                Ok(password) if !password.is_empty() => Ok(Some(Secret::new(password))),
                Ok(_) | Err(std::env::VarError::NotPresent) => Ok(None),
                Err(std::env::VarError::NotUnicode(_)) => {
                    Err("MQTT_PASSWORD: is not UTF-8".to_owned())
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_needs_no_user_name_because_the_program_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "hunter2\n").unwrap();
        let args = BrokerArgs {
            broker: Some("mqtt://h".to_owned()),
            password_file: Some(file),
            ..BrokerArgs::default()
        };
        let options = args.connect_options("me").unwrap().unwrap();
        assert_eq!(options.username.as_deref(), Some("me"));
        assert_eq!(options.password.unwrap().expose(), "hunter2");
    }
}
