//! One reader for each format, written from what its broker documents, never from the exporter.

pub mod aws_iot;
pub mod dynsec;
pub mod json;
pub mod mosquitto;
pub mod pcre;
pub mod rabbitmq;
pub mod topics;
