//! Who may publish and subscribe what: the policy that a broker enforces.

mod decision;
mod index;
mod policy;
mod purpose;

pub use decision::{Decision, Denial};
pub use policy::{Action, Policy, Principals, Rule, SELF};
pub use purpose::{Purpose, Role};
