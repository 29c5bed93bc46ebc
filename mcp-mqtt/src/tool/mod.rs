//! Tools: what they are called, what they take and give, who may call them, and how they are run.
//! Nothing here knows of MQTT.
//!
//! Arguments are checked before a tool runs, and what that may cost is bounded. For types that
//! contain themselves there is a limit that callers can meet: where several alternatives that
//! nothing tells apart contain the type, as in an untagged enum with two recursive variants, each
//! level of nesting multiplies the work of decoding, and so arguments nested about a dozen levels
//! deep are refused. Enums with a tag (`#[serde(tag = "…")]`, or serde's default form) have no such
//! limit. Patterns of schemas have neither look-around nor back-references, so that matching them
//! takes time linear in the text.

mod builder;
mod caller;
mod check;
pub(crate) mod constrain;
mod context;
pub(crate) mod def;
mod descriptor;
mod error;
mod fault;
mod groups;
mod hints;
mod linked;
mod missing;
pub(crate) mod output;
pub(crate) mod param;
mod registry;
mod schema;
mod state;
mod validate;

pub use crate::wire::ArgumentFault;
pub use builder::ToolBuilder;
pub use caller::Caller;
pub use check::{ToolBuildError, ToolFault};
pub(crate) use context::{Cancellation, ContextParts, PartialSink};
pub use context::{StreamError, ToolContext};
pub use descriptor::{Tool, ToolFuture};
pub use error::ToolError;
pub use fault::InvalidArguments;
pub use groups::GroupFault;
pub use hints::Hints;
pub use output::{ToolFailure, ToolOutput};
pub use param::ToolParam;
pub use registry::{Place, Registry, RegistryError, RegistryFault};
pub use state::State;
pub(crate) use state::StateMap;
