//! One reader for each format, written from what its broker documents, never from the exporter.

pub mod json;
pub mod mosquitto;
pub mod topics;
