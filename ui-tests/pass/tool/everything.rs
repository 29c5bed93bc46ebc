//! A tool of every kind, as people write them.

use mcp_mqtt::tool::{State, ToolContext, ToolError};
use mcp_mqtt::{json, tool};

#[json]
#[serde(rename_all = "lowercase")]
pub enum Language {
    En,
    De,
}

#[json]
pub struct Greeting {
    text: String,
}

/// Told apart by trait, so an alias works.
type Ctx = ToolContext;

/// Greets a person by name.
#[tool(allowed_callers = ["scout", "analyst"], read_only, timeout = "30s", concurrency = 4, require_verified, title = "Greeter", version = "1")]
pub async fn greet(
    /// Whom to greet.
    name: String,
    /// Language of the greeting; English when absent.
    language: Option<Language>,
    #[serde(default = "three", rename = "times", alias = "count")]
    #[schemars(range(min = 1, max = 9))]
    n: u8,
    #[serde(default)]
    #[schemars(length(max = 3))]
    r#type: Vec<String>,
    #[serde(deserialize_with = "trimmed")] place: String,
    ctx: Ctx,
) -> Greeting {
    let hello = match language {
        Some(Language::De) => "Hallo",
        Some(Language::En) | None => "Hello",
    };
    let caller = ctx.caller().name();
    Greeting {
        text: format!("{hello} {name} {n} {type:?} {place} {caller}", type = r#type),
    }
}

fn three() -> u8 {
    3
}

fn trimmed<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text: String = serde::Deserialize::deserialize(from)?;
    Ok(text.trim().to_owned())
}

#[tool(description = "Reads a file", name = "read-file", destructive = false, open_world = true)]
async fn io(mut path: String) -> Result<String, ToolError> {
    path.push('!');
    Ok(std::fs::read_to_string(path)?)
}

/// Fails with anyhow.
#[tool(streaming)]
async fn any() -> anyhow::Result<u32> {
    anyhow::bail!("boom")
}

/// Fails with a text.
#[tool(allowed_callers = [])]
async fn text(n: u32) -> Result<(), String> {
    Err(format!("no {n}"))
}

/// Nothing at all.
#[tool]
#[deprecated]
async fn nothing() {}

/// Shares a text.
#[tool]
async fn state(State(db): State<String>) -> String {
    (*db).clone()
}

fn inside() {
    #[json]
    struct Local {
        a: u8,
    }
    /// Inside a function.
    #[tool]
    async fn local(l: Local) -> u8 {
        l.a
    }
    let _ = local;
}

macro_rules! make {
    ($name:ident, $ty:ty, $doc:literal) => {
        #[doc = $doc]
        #[tool(description = $doc)]
        async fn $name(v: $ty) -> $ty {
            v
        }
    };
}
make!(made, Option<u32>, "Made by a macro");

/// Not compiled.
#[tool]
#[cfg(any())]
async fn absent(missing: Missing) {}

fn main() {
    inside();
    let tools = mcp_mqtt::tool::Registry::linked().unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| tool.name()).collect();
    assert_eq!(names, ["any", "greet", "local", "made", "nothing", "read-file", "state", "text"]);
    let greet = tools.get("greet").unwrap();
    assert_eq!(greet.description(), "Greets a person by name.");
    assert_eq!(greet.hints().read_only, Some(true));
    assert_eq!(greet.concurrency(), Some(4));
    assert!(greet.requires_verified());
    let schema = greet.input_schema();
    assert_eq!(schema["properties"]["times"]["maximum"], 9);
    assert_eq!(schema["properties"]["type"]["maxItems"], 3);
    assert_eq!(schema["properties"]["name"]["description"], "Whom to greet.");
    assert_eq!(schema["required"].to_string(), r#"["name","place"]"#);
    assert!(greet.output_schema().is_some());
    assert!(tools.get("nothing").unwrap().output_schema().is_none());
}
