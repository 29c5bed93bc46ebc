//! The files a Mosquitto is started with: configuration, passwords, `acl_file`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::tool;

/// What a [`Mosquitto`](super::Mosquitto) is started with.
#[derive(Clone, Default)]
pub struct MosquittoBuilder {
    users: Vec<(String, String)>,
    acl: Option<String>,
    dynamic_security: Option<String>,
    settings: Vec<String>,
    persistent: bool,
}

/// The file in which Mosquitto keeps retained messages and sessions.
pub(super) const DATABASE: &str = "mosquitto.db";

impl MosquittoBuilder {
    /// Adds a user; with the first one, anonymous clients are refused.
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// Adds users whose password is their name.
    pub fn users<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        names
            .into_iter()
            .fold(self, |broker, name| broker.user(name, name))
    }

    /// The text of the `acl_file`. Without one everything is allowed.
    pub fn acl(mut self, text: &str) -> Self {
        self.acl = Some(text.to_owned());
        self
    }

    /// The state file of the dynamic-security plugin. Clients without a password in it have those of
    /// [`user`](Self::user).
    pub fn dynamic_security(mut self, state: &str) -> Self {
        self.dynamic_security = Some(state.to_owned());
        self
    }

    /// Adds a line to the configuration, such as `max_packet_size 4096`.
    pub fn setting(mut self, line: &str) -> Self {
        self.settings.push(line.to_owned());
        self
    }

    /// Keeps retained messages and sessions over an end in order, until it is told to
    /// [`forget`](super::Mosquitto::forget).
    pub fn persistent(mut self) -> Self {
        self.persistent = true;
        self
    }

    /// Writes everything into `folder` and returns the path of the configuration.
    pub(super) fn write(&self, folder: &Path, port: u16) -> Result<PathBuf> {
        let mut config = vec![
            format!("listener {port} 127.0.0.1"),
            format!("persistence {}", self.persistent),
            format!("persistence_location {}/", folder.display()),
            "set_tcp_nodelay true".to_owned(),
            "log_dest stderr".to_owned(),
            "log_type all".to_owned(),
            // Started by root it would become a user that cannot read a temporary folder.
            "user root".to_owned(),
            format!("allow_anonymous {}", self.users.is_empty()),
        ];
        if !self.users.is_empty() {
            let file = folder.join("passwords");
            self.write_passwords(&file)?;
            config.push(format!("password_file {}", file.display()));
        }
        if let Some(acl) = &self.acl {
            let file = folder.join("acl");
            write_privately(&file, acl)?;
            config.push(format!("acl_file {}", file.display()));
        }
        if let Some(state) = &self.dynamic_security {
            let file = folder.join("dynamic-security.json");
            write_privately(&file, state)?;
            config.push(format!("plugin {}", plugin()?.display()));
            config.push(format!("plugin_opt_config_file {}", file.display()));
        }
        config.extend(self.settings.iter().cloned());
        let file = folder.join("mosquitto.conf");
        write_privately(&file, &(config.join("\n") + "\n"))?;
        Ok(file)
    }

    pub(super) fn replace_acl(&mut self, folder: &TempDir, acl: &str) -> Result<()> {
        if self.acl.is_none() {
            bail!("this broker was started without an acl_file: give it one to replace");
        }
        self.acl = Some(acl.to_owned());
        write_privately(&folder.path().join("acl"), acl)
    }

    // Plain text, hashed in one go by the tool: one call a user would cost more than the broker's start.
    fn write_passwords(&self, file: &Path) -> Result<()> {
        let lines: String = self
            .users
            .iter()
            .map(|(name, password)| format!("{name}:{password}\n"))
            .collect();
        write_privately(file, &lines)?;
        let hashed = Command::new(tool("mosquitto_passwd")?)
            .arg("-U")
            .arg(file)
            .output()?;
        if !hashed.status.success() {
            bail!(
                "mosquitto_passwd: {}",
                String::from_utf8_lossy(&hashed.stderr)
            );
        }
        Ok(())
    }
}

/// Debian's broker brings it along, in a folder that is named by the processor.
fn plugin() -> Result<PathBuf> {
    fs::read_dir("/usr/lib")?
        .filter_map(|folder| Some(folder.ok()?.path().join("mosquitto_dynamic_security.so")))
        .find(|path| path.exists())
        .context("mosquitto's dynamic-security plugin is not installed")
}

fn write_privately(file: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut open = options
        .open(file)
        .with_context(|| format!("writing {}", file.display()))?;
    Ok(open.write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mosquitto;

    fn written(builder: &MosquittoBuilder) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = builder.write(folder.path(), 1234).unwrap();
        fs::read_to_string(file).unwrap()
    }

    #[test]
    fn without_users_everyone_may_connect_on_loopback() {
        let config = written(&Mosquitto::builder());
        assert!(config.contains("listener 1234 127.0.0.1\n"), "{config}");
        assert!(config.contains("allow_anonymous true\n"), "{config}");
        assert!(!config.contains("acl_file"), "{config}");
    }

    #[test]
    fn users_shut_anonymous_clients_out_and_their_passwords_are_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let builder = Mosquitto::builder()
            .users(["scout"])
            .acl("user scout\n")
            .setting("max_packet_size 4096");
        let config = fs::read_to_string(builder.write(folder.path(), 1).unwrap()).unwrap();
        assert!(config.contains("allow_anonymous false\n"), "{config}");
        assert!(config.contains("acl_file "), "{config}");
        assert!(config.ends_with("max_packet_size 4096\n"), "{config}");
        let passwords = fs::read_to_string(folder.path().join("passwords")).unwrap();
        assert!(passwords.starts_with("scout:$"), "{passwords}");
    }
}
