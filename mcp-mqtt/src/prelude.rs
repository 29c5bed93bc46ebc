//! What a file with tools needs: `use mcp_mqtt::prelude::*;`.
//!
//! `json!` builds values. The attribute `#[json]` for types is not here, since one name cannot be
//! imported as both: write `#[mcp_mqtt::json]`.

pub use serde_json::{Value, json};

pub use crate::mqtt::ConnectOptions;
pub use crate::server::Setup;
pub use crate::tool::{State, ToolContext, ToolError};
#[cfg(feature = "macros")]
pub use crate::{mcp_server, tool};
