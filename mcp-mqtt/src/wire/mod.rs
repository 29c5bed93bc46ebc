//! The wire of the tool-topics dialect: topics, cards, envelopes, property names. Parses and prints,
//! and knows nothing of connections or handlers.

use std::time::Duration;

pub mod card;
pub mod envelope;
pub mod fault;
pub mod filter;
pub mod response;
pub mod topic;

pub use card::{ServerCard, Status, ToolCard};
pub use envelope::{Call, CallFault, CallRequest, MAX_CALL_ID};
pub use fault::ArgumentFault;
pub use response::{ErrorBody, ErrorKind, Partial, PartialKind, Response};
pub use topic::{DEFAULT_NAMESPACE, Namespace, Topic, is_stream_id};

/// The longest timeout of a call, a year: a longer one counts as this, since clocks overflow beyond some.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// User property of a call: how long the caller waits, in milliseconds from receipt.
pub const TIMEOUT_PROPERTY: &str = "mcp-mqtt-timeout-ms";

/// User property of a call that wants its partial results on its response topic: `1`.
pub const INBOX_PROPERTY: &str = "mcp-mqtt-inbox";

/// Content type of every payload.
pub const CONTENT_TYPE: &str = "application/json";
