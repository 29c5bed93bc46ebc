//! Where the broker is and how to authenticate: the options that every connecting command has.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::files;
use crate::mqtt::{BrokerUrl, ConnectOptions, Secret};

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Broker")]
pub(super) struct BrokerArgs {
    /// The broker: mqtt://, mqtts://, ws:// or wss://[user:password@]host[:port]
    #[arg(long, env = "MQTT_URL", hide_env_values = true, value_name = "URL")]
    pub(super) broker: Option<String>,

    /// User name [default: that of the URL, or else the name under which this program acts]
    #[arg(long, env = "MQTT_USERNAME", value_name = "NAME")]
    pub(super) username: Option<String>,

    /// File that holds the password; or set MQTT_PASSWORD
    #[arg(long, env = "MQTT_PASSWORD_FILE", value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,

    /// MQTT client id [default: the name with random digits behind it]
    #[arg(long, env = "MQTT_CLIENT_ID", value_name = "ID")]
    pub(super) client_id: Option<String>,

    /// Certificates (PEM) that the broker's certificate must come from [default: the system's]
    #[arg(long, env = "MQTT_CA_FILE", value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,

    /// Certificate (PEM) by which the broker knows this program
    #[arg(long, env = "MQTT_CERT_FILE", value_name = "FILE")]
    pub(super) cert_file: Option<PathBuf>,

    /// Private key (PEM) of that certificate
    #[arg(long, env = "MQTT_KEY_FILE", value_name = "FILE")]
    pub(super) key_file: Option<PathBuf>,
}

/// Where a program looks for a broker that none was named for: the embedded one of a server.
const LOCAL: &str = "mqtt://127.0.0.1:1883";

impl BrokerArgs {
    /// The options, with the local broker where none is given.
    pub(super) fn connect_options_or_local(mut self) -> Result<ConnectOptions, Exit> {
        let broker = self.broker.take().unwrap_or_else(|| LOCAL.to_owned());
        self.options(&broker)
    }

    /// The options, if a broker is given.
    pub(super) fn connect_options(mut self) -> Result<Option<ConnectOptions>, Exit> {
        self.broker
            .take()
            .map(|broker| self.options(&broker))
            .transpose()
    }

    fn options(self, broker: &str) -> Result<ConnectOptions, Exit> {
        let mut faults = Vec::new();
        let url: Option<BrokerUrl> = broker
            .parse()
            .map_err(|error| faults.push(format!("--broker (MQTT_URL): {error}")))
            .ok();
        let password = self
            .password()
            .map_err(|fault| faults.push(fault))
            .ok()
            .flatten();
        let Some(url) = url.filter(|_| faults.is_empty()) else {
            return Err(Exit::faults(faults.join("\n")));
        };
        let mut options = ConnectOptions::new(url);
        options.username = self.username.or(options.username);
        options.password = password.or(options.password);
        options.client_id = self.client_id;
        options.ca_file = self.ca_file;
        options.cert_file = self.cert_file;
        options.key_file = self.key_file;
        // Server and client put their own name where no user name is given, so that is no fault here.
        let named = options.clone().named("name");
        named.check().map_err(Exit::faults)?;
        Ok(options)
    }

    /// The password of the file, or else of the environment.
    fn password(&self) -> Result<Option<Secret>, String> {
        match &self.password_file {
            Some(path) => files::read_secret(path)
                .map(|text| Some(Secret::new(text)))
                .map_err(|error| format!("--password-file (MQTT_PASSWORD_FILE): {error}")),
            None => match std::env::var("MQTT_PASSWORD") {
                Ok(password) => Ok(Some(Secret::new(password))),
                Err(std::env::VarError::NotPresent) => Ok(None),
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
        let options = args.connect_options().unwrap().unwrap();
        assert_eq!(options.username, None);
        assert_eq!(options.password.unwrap().expose(), "hunter2");
    }
}
