//! What a tool says of its own behaviour.

/// The behaviour hints of the Model Context Protocol (tool annotations); `None` says nothing.
///
/// They are hints: a caller may plan by them, and nothing enforces them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// The tool changes nothing.
    pub read_only: Option<bool>,
    /// What the tool changes may be lost.
    pub destructive: Option<bool>,
    /// Calling again with the same arguments changes nothing more.
    pub idempotent: Option<bool>,
    /// The tool reaches things outside the server, such as the web.
    pub open_world: Option<bool>,
}
