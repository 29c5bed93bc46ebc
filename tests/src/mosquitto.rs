//! A real Mosquitto on loopback, with a configuration, passwords and an `acl_file` of its own.
//!
//! The files of a broker live in a temporary folder and go with it; nothing is kept between tests.

mod config;

use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::log::Mark;
use crate::{Log, free_port};
pub use config::MosquittoBuilder;

/// How often a start is tried when the port it was given is taken meanwhile.
const TRIES: usize = 5;

/// A running Mosquitto. It is killed when it is dropped.
pub struct Mosquitto {
    settings: MosquittoBuilder,
    folder: TempDir,
    port: u16,
    running: Option<(Child, Log)>,
}

impl Mosquitto {
    /// A broker that lets everyone do everything.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start.
    pub fn open() -> Result<Self> {
        Self::builder().start()
    }

    /// A broker to configure.
    pub fn builder() -> MosquittoBuilder {
        MosquittoBuilder::default()
    }

    /// The port it listens on; the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address as an URL without user and password.
    pub fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Its address as an URL for a user whose password is the name.
    pub fn url_as(&self, user: &str) -> String {
        format!("mqtt://{user}:{user}@127.0.0.1:{}", self.port)
    }

    /// What it printed since its last start.
    ///
    /// # Errors
    ///
    /// When it is stopped.
    pub fn log(&self) -> Result<&Log> {
        self.running
            .as_ref()
            .map(|(_, log)| log)
            .context("this broker is stopped")
    }

    /// Ends it as an operator does, by SIGTERM; clients see their connections close.
    ///
    /// # Errors
    ///
    /// When it does not end.
    pub fn stop(&mut self) -> Result<()> {
        self.signal(Signal::TERM)?;
        if let Some((mut child, log)) = self.running.take() {
            let ended = log.wait_for_end();
            if !ended {
                child.kill()?;
            }
            child.wait()?;
            if !ended {
                bail!("mosquitto does not end by SIGTERM:\n{}", log.text());
            }
        }
        Ok(())
    }

    /// Starts it again after [`stop`](Self::stop), on the same port, with nothing remembered unless it is
    /// [`persistent`](MosquittoBuilder::persistent).
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<()> {
        if self.running.is_some() {
            bail!("this broker runs already");
        }
        self.running = Some(self.settings.spawn(&self.folder, self.port)?);
        Ok(())
    }

    /// Takes away what a stopped persistent broker remembers.
    ///
    /// # Errors
    ///
    /// When it runs, or the file cannot be removed.
    pub fn forget(&mut self) -> Result<()> {
        if self.running.is_some() {
            bail!("this broker runs: stop it first");
        }
        match std::fs::remove_file(self.folder.path().join(config::DATABASE)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// [`stop`](Self::stop) and [`start_again`](Self::start_again).
    ///
    /// # Errors
    ///
    /// As those.
    pub fn restart(&mut self) -> Result<()> {
        self.stop()?;
        self.start_again()
    }

    /// Puts another `acl_file` in force by SIGHUP. What clients send after this returns is judged by it.
    ///
    /// # Errors
    ///
    /// When the broker had no `acl_file` before, or does not take it.
    pub fn reload_acl(&mut self, acl: &str) -> Result<()> {
        self.settings.replace_acl(&self.folder, acl)?;
        let mark = self.log()?.mark();
        self.signal(Signal::HUP)?;
        // The line comes just before the change, in the one thread that reads what clients send.
        self.log()?.wait_for(mark, "Reloading config")?;
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let (child, _) = self.running.as_ref().context("this broker is stopped")?;
        kill_process(Pid::from_child(child), signal).context("signalling mosquitto")
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl MosquittoBuilder {
    /// Starts the broker and returns when it accepts connections.
    ///
    /// # Errors
    ///
    /// When it is not installed, refuses its configuration or finds no port.
    pub fn start(self) -> Result<Mosquitto> {
        let folder = tempfile::tempdir().context("a folder for mosquitto")?;
        let mut last = None;
        for _ in 0..TRIES {
            let port = free_port()?;
            match self.spawn(&folder, port) {
                Ok(running) => {
                    return Ok(Mosquitto {
                        settings: self,
                        folder,
                        port,
                        running: Some(running),
                    });
                }
                Err(error) if error.to_string().contains("Address already in use") => {
                    last = Some(error)
                }
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("mosquitto was never tried")))
    }

    fn spawn(&self, folder: &TempDir, port: u16) -> Result<(Child, Log)> {
        let config = self.write(folder.path(), port)?;
        let mut child = Command::new(tool("mosquitto")?)
            .arg("-c")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting mosquitto")?;
        let log = Log::of(
            child
                .stderr
                .take()
                .context("mosquitto has no standard error")?,
        );
        if let Err(error) = serves(&log, port) {
            let _ = child.kill();
            let _ = child.wait();
            bail!("mosquitto on port {port}: {error}");
        }
        Ok((child, log))
    }
}

/// Waits until it serves. It prints ` running` once all listeners are open, but forgets a signal that
/// comes before it looks at connections for the first time.
fn serves(log: &Log, port: u16) -> Result<()> {
    log.wait_for(Mark::default(), " running")?;
    let visitor = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    log.wait_for(Mark::default(), "New connection")?;
    drop(visitor);
    Ok(())
}

/// Finds one of Mosquitto's programs; Debian's broker lies where only root looks.
fn tool(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .with_context(|| format!("`{name}` is not installed: run tests/run, or install Debian's mosquitto and mosquitto-clients"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_taken_port_fails_in_the_words_that_make_a_start_try_another() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let error = Mosquitto::builder()
            .spawn(&folder, port)
            .map(drop)
            .unwrap_err();
        assert!(
            error.to_string().contains("Address already in use"),
            "{error}"
        );
    }
}
