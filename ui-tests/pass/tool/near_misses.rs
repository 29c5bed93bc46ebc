//! What looks like a mistake and is none.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use mcp_mqtt::tool;
use mcp_mqtt::tool::{State, ToolContext, ToolError};

/// A pattern for a parameter that is no JSON.
#[tool]
async fn pattern(State(text): State<String>, mut n: u8) -> usize {
    n += 1;
    text.len() + usize::from(n)
}

/// More than one pattern, a name like a stand-in, and a pattern that has a name.
#[tool]
async fn patterns(
    State(a): State<u8>,
    State(b): State<u16>,
    pattern: u8,
    #[serde(rename = "pair")] (c, d): (u8, u8),
) -> u16 {
    u16::from(*a) + *b + u16::from(pattern) + u16::from(c + d)
}

/// A lifetime that is not borrowed from the arguments.
#[tool]
async fn static_lifetime(text: Cow<'static, str>, path: PathBuf) -> &'static str {
    let _ = (text, path);
    "done"
}

/// A flag that is off beside its opposite.
#[tool(read_only = true, destructive = false, idempotent, open_world = false,)]
async fn flags() {}

/// Nobody may call, by intent.
#[tool(allowed_callers = [], timeout = "1h")]
async fn nobody() {}

/// Names with everything that is allowed.
#[tool(name = "a-B_9.c", allowed_callers = ["agent@host.example", "spiffe:x=y", "@a-B_9.c"])]
async fn names() {}

/// A property that is no Rust name.
#[tool]
async fn property(#[serde(rename = "from/to")] range: String, r#type: u8) {
    let _ = (range, r#type);
}

/// An alias of `Result`, nested values, and an error of a trait object.
#[tool]
async fn results(values: BTreeMap<String, Vec<Option<(u8, u8)>>>) -> Outcome<usize> {
    Ok(values.len())
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Both an error and an answer of the tool's own kind.
#[tool]
async fn own_error(#[allow(unused)] context: ToolContext) -> Result<Option<u8>, ToolError> {
    Err(ToolError::new("gone").code("not_found"))
}

#[doc = concat!("A description ", "put together")]
#[tool]
async fn concatenated() {}

/**
 * In a block
 * of stars.
 */
#[tool]
async fn block() {}

fn main() {
    let tools = mcp_mqtt::tool::Registry::linked().unwrap();
    assert_eq!(tools.len(), 11);
    assert_eq!(tools.get("concatenated").unwrap().description(), "A description put together");
    assert_eq!(tools.get("block").unwrap().description(), "In a block\nof stars.");
    assert_eq!(tools.get("nobody").unwrap().allowed_callers(), Some(&[][..]));
    // The function stays one.
    let _ = flags();
}
