//! One reader for each format, written from what its broker documents, never from the exporter.

pub mod aws_iot;
pub mod dynsec;
pub mod emqx;
pub mod emqx_json;
mod erlang;
pub mod hivemq;
pub mod json;
pub mod mosquitto;
pub mod nanomq;
pub mod rabbitmq;
pub mod rmqtt;
pub mod topics;
pub mod vernemq;
mod xml;
