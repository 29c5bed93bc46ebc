//! State that tools share: `main` makes it, each tool takes it as `State<T>`.
//!
//! Run with `cargo run --example state`.

use std::collections::BTreeMap;
use std::sync::Mutex;

use mcp_mqtt::prelude::*;

/// What the tools share.
#[derive(Default)]
struct Notes(Mutex<BTreeMap<String, String>>);

impl Notes {
    fn lock(&self) -> Result<std::sync::MutexGuard<'_, BTreeMap<String, String>>, ToolError> {
        self.0
            .lock()
            .map_err(|_| ToolError::new("the notes are damaged; restart the server"))
    }
}

/// Keeps a note under a title.
#[tool(allowed_callers = ["scribe"], idempotent)]
async fn keep(title: String, text: String, notes: State<Notes>) -> Result<(), ToolError> {
    notes.lock()?.insert(title, text);
    Ok(())
}

/// Finds a note by its title.
#[tool(allowed_callers = ["scribe", "reader"], read_only)]
async fn find(title: String, notes: State<Notes>) -> Result<String, ToolError> {
    let notes = notes.lock()?;
    let found = notes.get(&title).cloned();
    found.ok_or_else(|| ToolError::new("no note has this title").code("not_found"))
}

#[mcp_server(name = "notes", namespace = "demo")]
async fn main(setup: Setup) -> Result<Setup, std::io::Error> {
    // Runs for `serve` only: exporting the policy needs no database.
    Ok(setup.state(Notes::default()))
}
