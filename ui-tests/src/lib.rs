//! The fixtures are in `pass` and `fail`; `tests/ui.rs` builds them. See `README.md`.
