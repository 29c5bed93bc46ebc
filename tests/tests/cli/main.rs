//! The programs as a user meets them: the command line of a server, that of `mcp-mqtt`, what they print,
//! and how they end.

mod acl;
mod acl_files;
mod acl_questions;
mod acl_secret;
mod bench;
mod call;
mod environment;
mod faults;
mod metrics;
mod run;
mod secrets;
mod serve;
mod standalone;
mod tools;
mod usage;
