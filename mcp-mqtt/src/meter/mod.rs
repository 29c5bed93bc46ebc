//! What is counted of calls and connections, for whatever recorder of the `metrics` facade the program has. Without
//! the feature `metrics` all of this is empty.
//!
//! Labels are names of tools that a server has and fixed words, never what a peer says: how many series there are is
//! bounded by the program. Each handle is registered once, by the server, client, connection or tool that keeps it.

mod client;
mod connection;
mod handle;
mod names;
mod server;

pub(crate) use client::{ClientMeter, Ended};
pub(crate) use connection::ConnectionMeter;
#[cfg(all(feature = "metrics", feature = "cli"))]
pub(crate) use names::describe;
pub(crate) use server::{PlacesMeter, RefusalMeter, Repeat, ServerMeter, ToolMeter};

#[cfg(all(test, feature = "metrics", feature = "cli"))]
mod tests;
