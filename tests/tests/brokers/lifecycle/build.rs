//! What cannot work is told before anything connects, all of it at once.

use anyhow::Result;
use mcp_mqtt::prelude::*;
use mcp_mqtt::server::{BuildFault, Server};
use mcp_mqtt::tool::{Registry, RegistryFault, Tool};

struct Database;

/// Needs a database.
#[tool(allowed_callers = ["scout"])]
async fn query(_database: State<Database>) {}

/// Needs a database and a number.
#[tool(allowed_callers = ["scout"])]
async fn count(_database: State<Database>, _number: State<u64>) {}

fn linked() -> Result<Registry> {
    Ok(Registry::linked()?.module(module_path!()))
}

#[test]
fn every_missing_state_is_told_with_its_tool_and_place() -> Result<()> {
    let broker = ConnectOptions::new("mqtt://127.0.0.1:1".parse()?);
    let server = Server::builder().name("hello").broker(broker);
    let server = server.registry(linked()?).state(7_u64);
    let Err(error) = server.build() else {
        anyhow::bail!("it was built without its state");
    };
    let tools: Vec<&str> = error
        .faults
        .iter()
        .filter_map(|fault| match fault {
            BuildFault::MissingState { tool, .. } => Some(tool.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(tools, ["count", "query"], "the number is there");
    let text = error.to_string();
    assert!(text.contains("lifecycle/build.rs:"), "{text}");
    assert!(
        text.contains("State<") && text.contains("Database>"),
        "{text}"
    );
    Ok(())
}

#[test]
fn every_fault_of_a_server_is_told_at_once() {
    let error = Server::builder()
        .namespace("plant/#")
        .share_key("a b")
        .registry(Registry::empty())
        .build()
        .err();
    let lines = error.map(|error| error.to_string()).unwrap_or_default();
    for part in [
        "no name",
        "namespace `plant/#`",
        "share key",
        "no broker",
        "no tools",
    ] {
        assert!(lines.contains(part), "{part}: {lines}");
    }
}

#[test]
fn a_tool_that_is_there_twice_is_told() -> Result<()> {
    let again = Tool::builder("query").handler(|(): (), _| async { Ok::<_, String>(()) });
    let Err(error) = linked()?.add(again.build()?) else {
        anyhow::bail!("two tools of one name");
    };
    assert!(matches!(
        error.faults.as_slice(),
        [RegistryFault::Duplicate { .. }]
    ));
    let text = error.to_string();
    assert!(
        text.contains("lifecycle/build.rs:") && text.contains("made by hand"),
        "{text}"
    );
    Ok(())
}
