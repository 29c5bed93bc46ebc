//! What `main` may set up. Placeholder.

/// State, limits and hooks of the server, for the body of `main`.
#[derive(Debug, Default)]
pub struct Setup(());
