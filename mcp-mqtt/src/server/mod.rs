//! The server of the tool-topics dialect: takes calls, runs tools, answers, and shows its cards.
//!
//! Who may call is enforced by the broker under a [policy](crate::acl); the server checks it again.
//! The connection itself lives in `mqtt`, the tools in [`tool`](mod@crate::tool).

mod address;
mod announce;
mod builder;
mod call;
mod cancel;
pub(crate) mod cards;
mod dispatch;
mod duplicates;
#[cfg(not(feature = "cli"))]
mod env;
mod error;
mod event;
mod in_flight;
mod incoming;
mod instance;
mod keeper;
mod limits;
mod partials;
mod party;
mod places;
mod presence;
mod rate;
mod refusals;
mod reply;
mod resending;
mod running_call;
mod serve;
mod setup;
mod shared;
mod span;
mod stall;
mod streams;

pub use builder::{Server, ServerBuilder};
#[cfg(not(feature = "cli"))]
pub(crate) use env::run_from_env;
pub use error::{BuildError, BuildFault, ServeError};
pub use event::Event;
pub use limits::{Limits, Rate};
pub use serve::RunningServer;
pub use setup::Setup;
