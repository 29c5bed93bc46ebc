//! What most programs with tools need: `use mcp_mqtt::prelude::*;`.
//!
//! The attribute [`#[mcp_mqtt::json]`](macro@crate::json) is not in it, because its name is that of
//! `json!`, which is.

pub use serde_json::{Value, json};

pub use crate::server::Setup;
pub use crate::tool::{State, ToolContext, ToolError};
#[cfg(feature = "macros")]
pub use crate::{mcp_server, tool};
