//! Two tools of one server: a plain one and one that streams.
//!
//! Run with `cargo run --example hello`; without a broker in `MQTT_URL` it starts an embedded one.

use mcp_mqtt::prelude::*;

/// A greeting.
#[mcp_mqtt::json]
struct Greeting {
    text: String,
}

/// A language.
#[mcp_mqtt::json]
#[serde(rename_all = "lowercase")]
enum Language {
    English,
    German,
}

/// Greets a person by name.
#[tool(allowed_callers = ["scout", "analyst"], read_only)]
async fn greet(
    /// Whom to greet.
    #[schemars(length(min = 1, max = 80))]
    name: String,
    /// Language of the greeting; English when absent.
    language: Option<Language>,
) -> Greeting {
    let hello = match language {
        None | Some(Language::English) => "Hello",
        Some(Language::German) => "Hallo",
    };
    Greeting {
        text: format!("{hello}, {name}!"),
    }
}

/// Counts to `n`, reporting each step.
#[tool(allowed_callers = ["scout"], streaming)]
async fn count_to(
    /// Where to stop.
    #[schemars(range(min = 1, max = 1000))]
    n: u32,
    ctx: ToolContext,
) -> Result<u32, ToolError> {
    for i in 1..=n {
        ctx.stream(json!({ "progress": i, "total": n })).await?;
    }
    Ok(n)
}

#[mcp_server(name = "hello", namespace = "demo")]
async fn main() {}
