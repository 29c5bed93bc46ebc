//! What hostile and broken peers send: each gets the answer that is due, or none, and the server goes
//! on serving.
//!
//! Everything runs on both brokers, with the policy in force and without: where the broker does not
//! protect the server, it protects itself.

mod addresses;
mod arguments;
mod delivery;
mod failures;
mod payloads;
mod stage;
