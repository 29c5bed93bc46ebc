//! The wire of the tool-topics dialect: topics, cards, envelopes, property names. Parses and prints,
//! and knows nothing of connections or handlers.

use std::time::Duration;

pub mod cancel;
pub mod card;
pub mod envelope;
pub mod fault;
pub mod filter;
pub mod head;
pub mod presence;
pub mod response;
pub mod topic;
pub mod trace;

pub use cancel::Cancel;
pub use card::{Delivery, ServerCard, Status, ToolCard};
pub use envelope::{Call, CallFault, CallRequest, MAX_CALL_ID};
pub use fault::ArgumentFault;
pub use head::{Arguments, Output};
pub use presence::{InstanceCard, InstanceStatus, ServerExtra};
pub use response::{Accepted, ErrorBody, ErrorKind, Partial, PartialKind, Response};
pub use topic::{DEFAULT_NAMESPACE, Namespace, Topic, is_stream_id};
pub use trace::TraceContext;

/// The longest timeout of a call, a year: a longer one counts as this, since clocks overflow beyond some.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// A server that has held a call for this long says so to whoever asked for [`Accepted`] notices: of two
/// peers that keep to it, one knows that a call without a notice or a response is lost when a server dies.
pub const ACCEPT_AFTER: Duration = Duration::from_millis(250);

/// User property of a call: how long the caller waits, in milliseconds from receipt.
pub const TIMEOUT_PROPERTY: &str = "mcp-mqtt-timeout-ms";

/// User property of a call that wants its partial results on its response topic: `1`.
pub const INBOX_PROPERTY: &str = "mcp-mqtt-inbox";

/// User properties of a call that carry its trace context, as W3C names them.
pub const TRACEPARENT_PROPERTY: &str = "traceparent";

/// The vendor's part of the trace context.
pub const TRACESTATE_PROPERTY: &str = "tracestate";

/// Content type of every payload.
pub const CONTENT_TYPE: &str = "application/json";
