//! Who may publish and subscribe what: the policy that a broker enforces.

mod decision;
mod derive;
mod export;
mod index;
mod json;
mod mosquitto;
mod policy;
mod purpose;
mod scope;

pub use decision::{Decision, Denial};
pub use export::{Export, ExportError, ExportOptions, Format, Identity, ShareGroups, UnknownWord};
pub use json::ReadError;
pub use policy::{Action, Policy, Principals, Rule, SELF};
pub use purpose::{Purpose, Role};
pub use scope::{DeriveError, InvalidName, Profile, Scope};

#[cfg(test)]
mod tests;
