//! Calls the tools of the example `hello` from a program.
//!
//! Run `cargo run --example hello` first, then `cargo run --example client`.

use std::error::Error;
use std::process::ExitCode;

use mcp_mqtt::client::{CallError, Client};
use mcp_mqtt::prelude::*;

/// What `greet` returns.
#[mcp_mqtt::json]
struct Greeting {
    text: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match calls().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            // What is behind it.
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn calls() -> Result<(), Box<dyn Error>> {
    let given = std::env::var("MQTT_URL").ok().filter(|url| !url.is_empty());
    let broker = given.unwrap_or_else(|| "mqtt://127.0.0.1:1883".to_owned());
    let client = Client::builder("scout")
        .namespace("demo")
        .broker(ConnectOptions::new(broker.parse()?))
        .connect()
        .await?;

    let greeting: Greeting = client.call_as("greet", json!({ "name": "Ann" })).await?;
    println!("{}", greeting.text);

    let mut counting = client.call_streamed("count_to", json!({ "n": 3 }));
    while let Some(step) = counting.next().await {
        println!("partial result: {step}");
    }
    println!("result: {}", counting.result().await?);

    // Errors are values to match on.
    match client.call("greet", json!({ "name": "" })).await {
        Err(CallError::InvalidArguments { faults, .. }) => {
            for fault in faults {
                println!("{} {}", fault.pointer, fault.message);
            }
        }
        other => println!("unexpected: {other:?}"),
    }
    client.disconnect().await;
    Ok(())
}
