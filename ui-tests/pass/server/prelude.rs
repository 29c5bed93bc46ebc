//! A whole program with the prelude.

use mcp_mqtt::prelude::*;

#[mcp_mqtt::json]
enum Language {
    English,
    German,
}

#[mcp_mqtt::json]
struct Greeting {
    text: String,
}

/// Greets a person by name.
#[tool(allowed_callers = ["scout", "analyst"], read_only)]
async fn greet(
    /// Whom to greet.
    name: String,
    /// Language of the greeting; English when absent.
    language: Option<Language>,
) -> Greeting {
    let text = match language {
        Some(Language::German) => format!("Hallo, {name}!"),
        Some(Language::English) | None => format!("Hello, {name}!"),
    };
    Greeting { text }
}

/// Counts to `n`, reporting each step.
#[tool(allowed_callers = ["scout"], streaming)]
async fn count_to(n: u32, ctx: ToolContext) -> Result<u32, ToolError> {
    for i in 1..=n {
        ctx.stream(json!({"at": i})).await?;
    }
    Ok(n)
}

#[allow(dead_code)] // compiled and not run: it would serve
mod program {
    use super::*;

    #[mcp_server(name = "hello", namespace = "demo")]
    async fn main() {}
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let text = greet("Ann".into(), Some(Language::German)).await.text;
    assert_eq!(text, "Hallo, Ann!");
    assert_eq!(count_to(2, ToolContext::detached("scout")).await.unwrap(), 2);
}
