//! Calls the tools of the example `hello` from a program.
//!
//! Run `cargo run --example hello` first, then `cargo run --example client`.

use mcp_mqtt::client::{CallError, Client};
use mcp_mqtt::prelude::*;

/// What `greet` returns.
#[mcp_mqtt::json]
struct Greeting {
    text: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = std::env::var("MQTT_URL").unwrap_or_else(|_| "mqtt://127.0.0.1:1883".to_owned());
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
