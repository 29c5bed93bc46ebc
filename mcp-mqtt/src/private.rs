//! What the expansions of the macros name, and the benchmarks. Nothing here is for people; it may change in any
//! release.

pub use crate::entry::{MainParam, MainReturn, ServerInfo};
pub use crate::measure::answer;
pub use crate::server::Setup;
pub use crate::tool::Hints;
pub use crate::tool::constrain::{Constrain, Hole, Unconstrained};
pub use crate::tool::def::{MCP_MQTT_TOOLS_V0, ToolDef};
pub use crate::tool::output::{PlainReturn, Probe, Return, boxed};
pub use crate::tool::param::{Param, ToolParam};
pub use {linkme, schemars, serde};
