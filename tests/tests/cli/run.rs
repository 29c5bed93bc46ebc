//! Running the programs: to their end, or beside the test until it stops them.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use mcp_mqtt_tests::log::Mark;
use mcp_mqtt_tests::{Log, artifacts};
use rustix::process::{Pid, Signal, kill_process};

/// A command that sees no environment of the machine but what it takes to run.
pub struct Run(Command);

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A program that runs beside the test. It is killed when it is dropped.
pub struct Running {
    child: Child,
    pub stdout: Log,
    pub stderr: Log,
}

/// The example `hello`.
pub fn hello(words: &str) -> Result<Run> {
    Ok(Run::new(artifacts::example("hello")?).words(words))
}

/// The program `mcp-mqtt`.
pub fn mcp_mqtt(words: &str) -> Result<Run> {
    Ok(Run::new(artifacts::program("mcp-mqtt")?).words(words))
}

/// The server of `src/bin/fixture.rs`.
pub fn fixture(words: &str) -> Result<Run> {
    Ok(Run::new(artifacts::program("fixture")?).words(words))
}

/// `mcp-mqtt broker` on a port of the system's choice, and its address.
pub fn broker(words: &str) -> Result<(Running, String)> {
    let broker = mcp_mqtt(&format!("broker --listen 127.0.0.1:0 {words}"))?.serving()?;
    let line = broker.stdout.wait_for(Mark::default(), "address")?;
    let url = line.split_whitespace().last().context("no address")?;
    Ok((broker, url.to_owned()))
}

impl Run {
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("COLUMNS", "80")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self(command)
    }

    /// Adds arguments, separated by spaces.
    pub fn words(mut self, words: &str) -> Self {
        self.0.args(words.split_whitespace());
        self
    }

    /// Adds one argument as it is.
    pub fn word(mut self, word: impl AsRef<OsStr>) -> Self {
        self.0.arg(word);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// The folder in which it runs: files can be called by their bare names.
    pub fn folder(mut self, path: impl AsRef<Path>) -> Self {
        self.0.current_dir(path);
        self
    }

    pub fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.0.stdout(to);
        self
    }

    pub fn stderr(mut self, to: impl Into<Stdio>) -> Self {
        self.0.stderr(to);
        self
    }

    /// Runs it to its end.
    pub fn end(mut self) -> Result<Ended> {
        // A redirected stream is as one that printed nothing.
        Running::of(self.0.spawn()?).end()
    }

    pub fn start(mut self) -> Result<Running> {
        Ok(Running::of(self.0.spawn()?))
    }

    /// Starts a server, and waits until it serves.
    pub fn serving(self) -> Result<Running> {
        let running = self.start()?;
        if let Err(error) = running.stdout.wait_for(Mark::default(), "Ctrl-C") {
            bail!("{error}\n{}", running.stderr.text());
        }
        Ok(running)
    }
}

impl Running {
    fn of(mut child: Child) -> Self {
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        Self {
            child,
            stdout: stdout.map_or_else(|| Log::of(std::io::empty()), Log::of),
            stderr: stderr.map_or_else(|| Log::of(std::io::empty()), Log::of),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(Pid::from_child(&self.child), signal).context("signalling")
    }

    /// Waits for its end.
    pub fn end(mut self) -> Result<Ended> {
        // Standard error is never redirected: its end is the end of the program.
        if !self.stderr.wait_for_end() || !self.stdout.wait_for_end() {
            bail!(
                "it does not end; up to now:\n{}\n{}",
                self.stdout.text(),
                self.stderr.text()
            );
        }
        let status = self.child.wait()?;
        Ok(Ended {
            code: status.code().with_context(|| status.to_string())?,
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        })
    }

    /// Ends it as an operator does.
    pub fn stop(self) -> Result<Ended> {
        self.signal(Signal::TERM)?;
        self.end()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The output, of a command that must end well.
    pub fn output(self) -> Result<String> {
        match self.code {
            0 => Ok(self.stdout),
            code => bail!("exit code {code}: {}", self.stderr),
        }
    }

    pub fn json(self) -> Result<serde_json::Value> {
        Ok(serde_json::from_str(&self.output()?)?)
    }
}
