//! Calls against a real broker.
