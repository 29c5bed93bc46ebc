//! The reference implementation from npm with ours, in both directions, on a Mosquitto that has our
//! exported policy in force.

use anyhow::{Context, Result};
use mcp_mqtt::ConnectOptions;
use mcp_mqtt::acl::{ExportOptions, Format, Policy, Scope};
use mcp_mqtt::client::{CallError, Client};
use mcp_mqtt::prelude::*;
use mcp_mqtt::server::{RunningServer, Server};
use mcp_mqtt::tool::Registry;
use mcp_mqtt_tests::{Mosquitto, Npm, RawClient};
use serde_json::{Value, json};

const NAMESPACE: &str = "gtm/v1";

/// Adds two integers.
#[tool(allowed_callers = ["scout"], version = "1.2.3")]
async fn add(a: i32, b: i32) -> i32 {
    a + b
}

/// Counts to n, reporting each step.
#[tool(allowed_callers = ["scout"], streaming)]
async fn count_to(n: u32, ctx: ToolContext) -> Result<u32, ToolError> {
    ctx.stream("counting").await?;
    for at in 1..=n {
        ctx.stream(json!({"at": at})).await?;
    }
    Ok(n)
}

/// Always fails.
#[tool(allowed_callers = ["scout"])]
async fn fail() -> Result<(), ToolError> {
    Err(ToolError::new("the tank is empty").code("E_EMPTY"))
}

/// Is for somebody else.
#[tool(allowed_callers = ["analyst"])]
async fn secret() {}

/// Our server, the reference client.
struct Ours {
    broker: Mosquitto,
    server: RunningServer,
    client: Npm,
}

async fn ours() -> Result<Ours> {
    let registry = Registry::linked()?.module(module_path!());
    let mut scope = Scope::new(NAMESPACE, "calculator");
    scope.server_identity = Some("server".to_owned());
    let policy = Policy::derive(&scope, &registry)?;
    let acl = policy.export(Format::Mosquitto, &ExportOptions::of(&scope))?;
    let broker = Mosquitto::builder()
        .users(["server", "scout", "witness"])
        .acl(&acl.text)
        .start()?;
    let server = Server::builder()
        .name("calculator")
        .namespace(NAMESPACE)
        .registry(registry)
        .broker(ConnectOptions::new(broker.url_as("server").parse()?))
        .build()?
        .start()
        .await?;
    let client = Npm::start("client.mjs", settings(&broker, "scout", "scout")).await?;
    Ok(Ours {
        broker,
        server,
        client,
    })
}

/// The reference server, our client. The reference knows no policy of ours, so anyone may do anything.
struct Theirs {
    _broker: Mosquitto,
    server: Npm,
    client: Client,
}

async fn theirs() -> Result<Theirs> {
    let broker = Mosquitto::builder()
        .users(["npm-server", "scout"])
        .start()?;
    let server = Npm::start("server.mjs", settings(&broker, "npm-server", "calculator")).await?;
    let client = Client::builder("scout")
        .url(&broker.url_as("scout"))
        .namespace(NAMESPACE)
        .connect()
        .await?;
    Ok(Theirs {
        _broker: broker,
        server,
        client,
    })
}

fn settings(broker: &Mosquitto, user: &str, name: &str) -> Value {
    json!({
        "url": broker.url(), "username": user, "password": user,
        "clientId": user, "name": name, "namespace": NAMESPACE,
    })
}

#[tokio::test]
async fn their_client_calls_our_tool() -> Result<()> {
    let mut ours = ours().await?;
    let answer = ours
        .client
        .ask(json!({"do": "call", "tool": "add", "arguments": {"a": 2, "b": 40}}))
        .await?;
    assert_eq!(answer, json!({"ok": true, "result": 42, "partials": []}));
    ours.client.stop().await?;
    Ok(ours.server.stop().await?)
}

#[tokio::test]
async fn their_client_receives_our_partials() -> Result<()> {
    let mut ours = ours().await?;
    let call = json!({"do": "call", "tool": "count_to", "arguments": {"n": 3}, "stream": true});
    let answer = ours.client.ask(call).await?;
    let partials = json!(["counting", {"at": 1}, {"at": 2}, {"at": 3}]);
    assert_eq!(
        answer,
        json!({"ok": true, "result": 3, "partials": partials})
    );
    Ok(())
}

#[tokio::test]
async fn their_client_is_told_of_our_tools_failure() -> Result<()> {
    let mut ours = ours().await?;
    let answer = ours
        .client
        .ask(json!({"do": "call", "tool": "fail"}))
        .await?;
    assert_eq!(
        answer["error"],
        "MCP tool \"fail\" failed (tool_error): the tank is empty"
    );
    Ok(())
}

#[tokio::test]
async fn their_client_is_told_of_arguments_that_break_the_schema() -> Result<()> {
    let mut ours = ours().await?;
    let answer = ours
        .client
        .ask(json!({"do": "call", "tool": "add", "arguments": {"a": "two"}}))
        .await?;
    let text = answer["error"].as_str().context("no error")?;
    assert!(
        text.starts_with("MCP tool \"add\" failed (invalid_arguments): "),
        "{text}"
    );
    Ok(())
}

#[tokio::test]
async fn their_client_is_refused_by_the_broker_where_our_annotation_does_not_name_it() -> Result<()>
{
    let mut ours = ours().await?;
    let answer = ours
        .client
        .ask(json!({"do": "call", "tool": "secret", "timeoutMs": 100}))
        .await?;
    let text = answer["error"].as_str().context("no error")?;
    assert!(text.contains("Not authorized"), "{text}");
    Ok(())
}

#[tokio::test]
async fn their_client_reads_our_cards() -> Result<()> {
    let mut ours = ours().await?;
    let answer = ours
        .client
        .ask(json!({"do": "card", "tool": "add"}))
        .await?;
    let card = &answer["card"];
    assert_eq!(card["server"], "calculator");
    assert_eq!(card["status"], "online");
    assert_eq!(card["allowed_callers"], json!(["scout"]));
    assert_eq!(card["version_info"]["tool"], "1.2.3");
    assert_eq!(card["input_schema"]["required"], json!(["a", "b"]));
    let servers = ours
        .client
        .ask(json!({"do": "cards", "of": "servers"}))
        .await?;
    assert_eq!(
        servers["cards"][0]["tools"],
        json!(["add", "count_to", "fail", "secret"])
    );
    let tools = ours
        .client
        .ask(json!({"do": "cards", "of": "tools"}))
        .await?;
    assert_eq!(tools["cards"].as_array().map(Vec::len), Some(4));
    Ok(())
}

#[tokio::test]
async fn partials_are_for_the_callers_of_a_tool_alone() -> Result<()> {
    let mut ours = ours().await?;
    let witness = RawClient::connect(ours.broker.port(), "witness").await?;
    witness.subscribe(&format!("{NAMESPACE}/mcp/#")).await?;
    let call = json!({"do": "call", "tool": "count_to", "arguments": {"n": 1}, "stream": true});
    assert_eq!(ours.client.ask(call).await?["ok"], true);
    assert_eq!(witness.arrived().await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn our_client_calls_their_tool() -> Result<()> {
    let mut theirs = theirs().await?;
    let sum = theirs.client.call("add", json!({"a": 2, "b": 40})).await?;
    assert_eq!(sum, json!({"sum": 42}));
    let seen = theirs.server.ask(json!({"do": "seen"})).await?;
    assert_eq!(
        seen["calls"],
        json!([{"tool": "add", "client": "scout", "arguments": {"a": 2, "b": 40}}])
    );
    theirs.client.disconnect().await;
    theirs.server.stop().await
}

#[tokio::test]
async fn our_client_receives_their_partials() -> Result<()> {
    let theirs = theirs().await?;
    let mut call = theirs.client.call_streamed("count_to", json!({"n": 3}));
    let mut partials = Vec::new();
    while let Some(partial) = call.next().await {
        partials.push(partial);
    }
    assert_eq!(
        Value::from(partials),
        json!(["counting", {"at": 1}, {"at": 2}, {"at": 3}])
    );
    assert_eq!(call.result().await?, json!(3));
    Ok(())
}

#[tokio::test]
async fn our_client_is_told_of_their_tools_failure() -> Result<()> {
    let theirs = theirs().await?;
    let error = theirs.client.call("fail", json!({})).await.err();
    assert!(
        matches!(&error, Some(CallError::Tool { message, .. }) if message == "the tank is empty"),
        "{error:?}"
    );
    Ok(())
}

#[tokio::test]
async fn our_client_finds_their_tools_and_server() -> Result<()> {
    let theirs = theirs().await?;
    let tools = theirs.client.tools().await?;
    let names: Vec<&str> = tools.iter().map(|card| card.tool.as_str()).collect();
    assert_eq!(names, ["add", "count_to", "fail"]);
    let servers = theirs.client.servers().await?;
    let names: Vec<&str> = servers.iter().map(|card| card.server.as_str()).collect();
    assert_eq!(names, ["calculator"]);
    Ok(())
}
