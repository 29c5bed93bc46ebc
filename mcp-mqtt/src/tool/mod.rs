//! Tools: what they are called, what they take and give, who may call them, and how they are run.
//! Nothing here knows of MQTT.

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
pub use state::{State, StateMap};
