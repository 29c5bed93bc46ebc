//! What `#[tool]` leaves in the binary: one `ToolDef` per annotation, gathered by the linker.
//! Reading them is `Registry::linked`'s business.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value};

use super::param::ParamMeta;
use super::{ArgumentFault, Hints, StateMap, ToolContext, ToolFuture};

/// Every tool that was annotated in this program, in no order.
///
/// Linkme finds the elements by this identifier across the whole program, whatever the path: hence
/// the long name, and the version in it, which keeps two releases in one binary apart.
#[linkme::distributed_slice]
pub static MCP_MQTT_TOOLS_V0: [ToolDef];

/// An annotated tool: plain data and `fn` pointers.
#[derive(Debug)]
pub struct ToolDef {
    /// The name, checked by the macro.
    pub name: &'static str,
    /// A name for people.
    pub title: Option<&'static str>,
    /// What models choose the tool by.
    pub description: &'static str,
    /// The tool's own version.
    pub version: Option<&'static str>,
    /// Who may call; `None` leaves it to the server's `default_callers`.
    pub allowed_callers: Option<&'static [&'static str]>,
    /// Whether it sends partial results.
    pub streaming: bool,
    /// The longest a call may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// How many calls of it may run at the same time.
    pub concurrency: Option<usize>,
    /// Whether it takes calls of verified callers alone.
    pub require_verified: bool,
    /// The hints of MCP.
    pub hints: Hints,
    /// The module of the annotation.
    pub module: &'static str,
    /// The file of the annotation.
    pub file: &'static str,
    /// The line of the annotation, from 1.
    pub line: u32,
    /// The parameters, in the order of the function.
    pub params: &'static [ParamMeta],
    /// The schema of the result; `None` for `()`.
    pub output: fn(&mut SchemaGenerator) -> Option<Schema>,
    /// Takes every parameter out of the input; `None` when there were faults, and then the function
    /// was not called.
    pub call: fn(&mut Input) -> Option<ToolFuture>,
}

impl ToolDef {
    /// What an annotation need not mention, for `..ToolDef::BLANK`.
    pub const BLANK: Self = Self {
        name: "",
        title: None,
        description: "",
        version: None,
        allowed_callers: None,
        streaming: false,
        timeout_ms: None,
        concurrency: None,
        require_verified: false,
        hints: Hints::new(),
        module: "",
        file: "",
        line: 0,
        params: &[],
        output: |_| None,
        call: |_| None,
    };
}

/// What one call gives to the parameters of its tool.
#[derive(Debug)]
pub struct Input {
    /// The arguments not taken yet. Aliases have been replaced (`param::unalias`).
    pub arguments: Map<String, Value>,
    /// For parameters of type `ToolContext`.
    pub context: ToolContext,
    /// For parameters of type `State<T>`.
    pub state: StateMap,
    /// What was wrong, over all parameters.
    pub faults: Vec<ArgumentFault>,
}
