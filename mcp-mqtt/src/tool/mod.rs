//! Tools: what they are called, what they take and give, who may call them, and how they are run.
//! Nothing here knows of MQTT.

mod caller;
mod context;
mod error;
mod fault;
mod hints;
mod state;

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

pub use caller::Caller;
pub use context::{StreamError, ToolContext};
pub use error::ToolError;
pub use fault::{ArgumentFault, InvalidArguments};
pub use hints::Hints;
pub use state::{State, StateMap};

/// A running tool.
pub type ToolFuture = Pin<Box<dyn Future<Output = Result<Value, ToolError>> + Send>>;
