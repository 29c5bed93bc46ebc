//! What a tool says of its own behaviour.

/// The behaviour hints of the Model Context Protocol (tool annotations); `None` says nothing.
///
/// They are hints: a caller may plan by them, and nothing enforces them.
///
/// ```
/// use mcp_mqtt::tool::Hints;
///
/// const LOOKUP: Hints = Hints::new().read_only(true).open_world(false);
/// assert_eq!(LOOKUP.read_only, Some(true));
/// assert_eq!(LOOKUP.idempotent, None);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
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

impl Hints {
    /// Hints that say nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            read_only: None,
            destructive: None,
            idempotent: None,
            open_world: None,
        }
    }

    /// Whether the tool changes nothing.
    #[must_use]
    pub const fn read_only(mut self, yes: bool) -> Self {
        self.read_only = Some(yes);
        self
    }

    /// Whether what the tool changes may be lost.
    #[must_use]
    pub const fn destructive(mut self, yes: bool) -> Self {
        self.destructive = Some(yes);
        self
    }

    /// Whether calling again with the same arguments changes nothing more.
    #[must_use]
    pub const fn idempotent(mut self, yes: bool) -> Self {
        self.idempotent = Some(yes);
        self
    }

    /// Whether the tool reaches things outside the server.
    #[must_use]
    pub const fn open_world(mut self, yes: bool) -> Self {
        self.open_world = Some(yes);
        self
    }

    /// Whether running twice does no more than running once, so that a client may send a call again
    /// whose outcome it does not know.
    ///
    /// ```
    /// use mcp_mqtt::tool::Hints;
    ///
    /// assert!(Hints::new().read_only(true).is_repeatable());
    /// assert!(Hints::new().idempotent(true).is_repeatable());
    /// assert!(!Hints::new().is_repeatable());
    /// ```
    #[must_use]
    pub const fn is_repeatable(&self) -> bool {
        matches!(self.read_only, Some(true)) || matches!(self.idempotent, Some(true))
    }
}
