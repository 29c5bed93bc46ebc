//! A replica for the chaos run: notes each run of its tools in the file `CHAOS_LEDGER`, with its own name,
//! `CHAOS_INSTANCE`, before it does anything else.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use mcp_mqtt::prelude::*;

/// The end of a file that all replicas write to, a line at a time.
struct Ledger {
    file: Mutex<File>,
    instance: String,
}

impl Ledger {
    async fn note(&self, id: u64) -> anyhow::Result<u64> {
        let line = format!("{id} {}\n", self.instance);
        let write = |mut file: std::sync::MutexGuard<'_, File>| file.write_all(line.as_bytes());
        write(self.file.lock().unwrap_or_else(PoisonError::into_inner))?;
        // Long enough that some are running whenever something breaks.
        tokio::time::sleep(Duration::from_millis(id % 20)).await;
        Ok(id)
    }
}

/// Must not run twice.
#[tool]
async fn once(id: u64, ledger: State<Ledger>) -> anyhow::Result<u64> {
    ledger.note(id).await
}

/// May run again.
#[tool(idempotent)]
async fn again(id: u64, ledger: State<Ledger>) -> anyhow::Result<u64> {
    ledger.note(id).await
}

#[mcp_server(name = "replica", namespace = "chaos")]
async fn main(setup: Setup) -> anyhow::Result<Setup> {
    let path = std::env::var_os("CHAOS_LEDGER").context("set CHAOS_LEDGER")?;
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    let ledger = Ledger {
        file: Mutex::new(file),
        instance: std::env::var("CHAOS_INSTANCE").context("set CHAOS_INSTANCE")?,
    };
    Ok(setup.state(ledger))
}
