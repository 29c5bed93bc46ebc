//! Everything in one process: a broker that enforces the policy derived from the annotations, a
//! server, and three clients, of which one is hostile. Prints what happens and ends by itself; the
//! exit code is 0 only if all of it came out as it should.
//!
//! Run with `cargo run --example tour`.

use std::process::ExitCode;

use mcp_mqtt::acl::{ExportOptions, Format, Policy, Scope};
use mcp_mqtt::broker::Broker;
use mcp_mqtt::client::{CallError, Client, Refusal};
use mcp_mqtt::prelude::*;
use mcp_mqtt::server::Server;
use mcp_mqtt::tool::Registry;

/// Greets a person by name.
#[tool(allowed_callers = ["scout", "analyst"], read_only)]
async fn greet(
    /// Whom to greet.
    #[schemars(length(min = 1, max = 80))]
    name: String,
) -> String {
    format!("Hello, {name}!")
}

/// Counts to `n`, reporting each step.
#[tool(allowed_callers = ["scout"], streaming)]
async fn count_to(
    /// Where to stop.
    #[schemars(range(min = 1, max = 10))]
    n: u32,
    ctx: ToolContext,
) -> Result<u32, ToolError> {
    for i in 1..=n {
        ctx.stream(json!({ "progress": i, "total": n })).await?;
    }
    Ok(n)
}

type Failure = Box<dyn std::error::Error>;

const NAMESPACE: &str = "demo";
const SERVER: &str = "tour";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match tour().await {
        Ok(()) => {
            println!("\nEverything came out as it should.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nThe tour went wrong: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn tour() -> Result<(), Failure> {
    let registry = Registry::linked()?;
    let mut scope = Scope::new(NAMESPACE, SERVER);
    scope.server_identity = Some(SERVER.to_owned());
    let policy = Policy::derive(&scope, &registry)?;

    section("A broker that enforces what the annotations say");
    for tool in registry.iter() {
        let callers = tool.allowed_callers().unwrap_or_default().join(", ");
        println!("  {:<9} may be called by {callers}", tool.name());
    }
    let broker = Broker::builder().policy(policy.clone()).start().await?;
    println!("  embedded broker on {}", broker.url());

    let server = Server::builder()
        .name(SERVER)
        .namespace(NAMESPACE)
        .registry(registry)
        .broker(ConnectOptions::new(broker.url().parse()?))
        .build()?
        .start()
        .await?;
    let scout = connect("scout", &broker).await?;
    let analyst = connect("analyst", &broker).await?;
    // Mallory has no grant at all, so she is not even given an inbox: she speaks bare MQTT below.

    section("A call");
    let greeting = scout.call("greet", json!({ "name": "Ann" })).await?;
    said("scout", r#"greet {"name": "Ann"}"#, &greeting.to_string());
    expect(greeting == json!("Hello, Ann!"), "a greeting")?;

    section("A streamed call");
    let mut counting = scout.call_streamed("count_to", json!({ "n": 3 }));
    let mut steps = Vec::new();
    while let Some(step) = counting.next().await {
        println!("    partial result {step}");
        steps.push(step);
    }
    let result = counting.result().await?;
    said("scout", r#"count_to {"n": 3}"#, &result.to_string());
    expect(
        steps.len() == 3 && result == json!(3),
        "three steps and a 3",
    )?;

    section("Arguments that do not fit the schema: the tool never runs");
    match scout.call("count_to", json!({ "n": 99, "step": 2 })).await {
        Err(CallError::InvalidArguments { faults, .. }) => {
            for fault in &faults {
                println!("    {} {}", fault.pointer, fault.message);
            }
            let pointers: Vec<&str> = faults.iter().map(|f| f.pointer.as_str()).collect();
            expect(
                pointers.contains(&"/n") && pointers.contains(&"/step"),
                "two faults",
            )?;
        }
        other => return unexpected("invalid arguments", other),
    }

    section("A caller that is not named: the broker refuses, the server never hears of it");
    denied(&analyst, "count_to", json!({ "n": 3 })).await?;
    match connect("mallory", &broker).await {
        Err(error) => println!("  mallory cannot even have an inbox: {error}"),
        Ok(mallory) => denied(&mallory, "greet", json!({ "name": "Eve" })).await?,
    }

    section("The same rules for any broker, as `acl --format json` prints them");
    let export = policy.export(Format::Json, &ExportOptions::of(&scope))?;
    for line in export.text.lines().take(12) {
        println!("  {line}");
    }
    println!("  … {} lines in all", export.text.lines().count());

    scout.disconnect().await;
    analyst.disconnect().await;
    server.stop().await?;
    broker.stop().await;
    Ok(())
}

async fn connect(caller: &str, broker: &Broker) -> Result<Client, Failure> {
    let client = Client::builder(caller)
        .namespace(NAMESPACE)
        .broker(ConnectOptions::new(broker.url().parse()?))
        .connect()
        .await?;
    Ok(client)
}

async fn denied(client: &Client, tool: &str, arguments: Value) -> Result<(), Failure> {
    match client.call(tool, arguments.clone()).await {
        Err(
            error @ CallError::Unauthorized {
                refusal: Refusal::Broker { .. },
                ..
            },
        ) => {
            said(
                client.caller(),
                &format!("{tool} {arguments}"),
                &error.to_string(),
            );
            Ok(())
        }
        other => unexpected("a refusal by the broker", other),
    }
}

fn section(title: &str) {
    println!("\n{title}\n");
}

fn said(caller: &str, call: &str, answer: &str) {
    println!("  {caller}: {call}\n    -> {answer}");
}

fn expect(condition: bool, what: &str) -> Result<(), Failure> {
    condition
        .then_some(())
        .ok_or_else(|| format!("expected {what}").into())
}

fn unexpected<T: std::fmt::Debug>(wanted: &str, got: T) -> Result<(), Failure> {
    Err(format!("expected {wanted}, got {got:?}").into())
}
