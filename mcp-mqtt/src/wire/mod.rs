//! What stands on the wire: topics, filters and payloads, parsed and printed, nothing else.
//!
//! Nothing here knows of connections, handlers or time.

pub mod filter;
