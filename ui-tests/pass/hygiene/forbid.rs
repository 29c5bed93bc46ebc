//! Nothing that the macros write allows what the user has forbidden.
#![forbid(unsafe_code, dead_code, unused_imports, unused_variables, missing_docs, nonstandard_style)]

/// Takes one of everything.
#[mcp_mqtt::tool(allowed_callers = ["scout"], read_only)]
async fn everything(
    /// A number.
    #[serde(default)]
    #[schemars(range(min = 1))]
    number: u8,
    context: mcp_mqtt::tool::ToolContext,
) -> Result<usize, String> {
    Ok(context.caller().name().len() + usize::from(number))
}

/// Gives a number.
#[mcp_mqtt::tool]
async fn number(#[schemars(range(min = 1))] value: u8) -> u8 {
    value
}

/// Gives nothing.
#[mcp_mqtt::tool]
async fn nothing() {}

fn main() {}
