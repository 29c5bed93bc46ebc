//! The scripts in `tests/npm`, as child processes that are sent commands and answer them.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::artifacts::workspace;
use crate::{Log, within};

/// A running script; its process is killed when this is dropped.
pub struct Npm {
    script: String,
    child: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    log: Log,
    sent: u64,
}

impl Npm {
    /// Starts `tests/npm/{script}` with its settings and returns when it says that it is ready.
    ///
    /// # Errors
    ///
    /// When node or its packages are absent, or the script fails; the text holds what it printed.
    pub async fn start(script: &str, settings: Value) -> Result<Self> {
        let folder = workspace().join("tests/npm");
        if !folder
            .join("node_modules/@cloudsignal/mcp-over-mqtt")
            .is_dir()
        {
            bail!("the npm packages are not installed: run tests/run, or `npm ci` in tests/npm");
        }
        // Standard error is read by a thread, not by the runtime: it must not fill up while a test waits
        // for something else.
        let (reader, writer) = std::io::pipe()?;
        let mut child = Command::new("node")
            .arg(folder.join(script))
            .arg(settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(writer)
            .kill_on_drop(true)
            .spawn()
            .context("starting node: is it installed? tests/run installs it")?;
        let mut peer = Self {
            script: script.to_owned(),
            commands: child.stdin.take().context("node has no standard input")?,
            answers: BufReader::new(child.stdout.take().context("node has no standard output")?)
                .lines(),
            child,
            log: Log::of(reader),
            sent: 0,
        };
        let first = peer.read().await?;
        if first != json!({"ready": true}) {
            bail!("{script} is not ready but said {first}");
        }
        Ok(peer)
    }

    /// Sends a command and returns its answer, `{"ok": true, …}` or `{"ok": false, "error": …}`.
    ///
    /// # Errors
    ///
    /// When the script ends or answers something else.
    pub async fn ask(&mut self, mut command: Value) -> Result<Value> {
        self.sent += 1;
        command["id"] = json!(self.sent);
        self.commands
            .write_all(format!("{command}\n").as_bytes())
            .await?;
        let mut answer = self.read().await?;
        match answer
            .as_object_mut()
            .and_then(|answer| answer.remove("id"))
        {
            Some(id) if id == json!(self.sent) => Ok(answer),
            _ => bail!("{} answered {answer} to {command}", self.script),
        }
    }

    /// Lets it leave in order and waits for its end.
    ///
    /// # Errors
    ///
    /// When it fails on the way.
    pub async fn stop(mut self) -> Result<()> {
        let answer = self.ask(json!({"do": "stop"})).await?;
        let status = within("the end of node", self.child.wait()).await??;
        if answer["ok"] != json!(true) || !status.success() {
            bail!(
                "{} did not stop well: {answer}, {status}\n{}",
                self.script,
                self.log.text()
            );
        }
        Ok(())
    }

    /// Kills it as a crash would: no farewell, its will fires.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// What it wrote to standard error.
    pub fn log(&self) -> &Log {
        &self.log
    }

    async fn read(&mut self) -> Result<Value> {
        let Some(line) = within("an answer of node", self.answers.next_line()).await?? else {
            self.log.wait_for_end();
            bail!("{} ended:\n{}", self.script, self.log.text());
        };
        serde_json::from_str(&line).with_context(|| format!("{} printed `{line}`", self.script))
    }
}
