//! A server for tests of the command line: with a tool that runs as long as the test wants, one that
//! fails, one that is open to everybody, and a `main` that fails when it is told to.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};

use anyhow::Context;
use mcp_mqtt::prelude::*;

/// Runs until the test hangs up.
#[tool(allowed_callers = ["scout"], streaming)]
async fn hold(
    /// Where the test listens, on loopback.
    port: u16,
    ctx: ToolContext,
) -> anyhow::Result<String> {
    let mut test = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    ctx.stream("started").await?;
    let wait = move || test.read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(wait).await??;
    ctx.stream("almost done").await?;
    Ok("done".to_owned())
}

/// Fails.
#[tool(allowed_callers = ["scout"])]
async fn fail() -> Result<(), ToolError> {
    Err(ToolError::new("the roof is on fire").code("fire"))
}

/// Answers with what it was given, whatever it is called with and however long the list of what it can be called with becomes.
#[tool]
#[allow(clippy::too_many_arguments)]
async fn echo(
    text: String,
    a_rather_long_name: Option<String>,
    another_rather_long_name: Option<String>,
    yet_another_rather_long_name: Option<String>,
    the_longest_name_of_them_all: Option<String>,
) -> String {
    let rest = [
        a_rather_long_name,
        another_rather_long_name,
        yet_another_rather_long_name,
        the_longest_name_of_them_all,
    ];
    rest.into_iter().flatten().fold(text, |all, one| all + &one)
}

#[mcp_server(name = "fixture", namespace = "demo")]
async fn main() -> anyhow::Result<()> {
    match std::env::var_os("FIXTURE_FAILS") {
        None => Ok(()),
        Some(_) => Err(anyhow::anyhow!("no route to host")).context("the database is away"),
    }
}
