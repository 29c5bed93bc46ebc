//! Who may publish and subscribe what: the policy that a broker enforces.
//!
//! Each tool has a call topic of its own, so rules about topics are rules about tools. A [`Policy`]
//! is derived from the tools and their `allowed_callers`; every export, the embedded broker and every
//! explanation read that one value. It is a list of grants; what no [`Rule`] grants is denied, and an
//! anonymous client is denied everything.
//!
//! # What is granted
//!
//! For the server *S* of the namespace *ns*, a tool *T* and its callers:
//!
//! | Who | May | On | [`Profile`] |
//! |---|---|---|---|
//! | callers of *T* | publish | `ns/mcp/tools/T/call/{$self}` | both |
//! | callers of *T* | publish | `ns/mcp/tools/T/call` | reference |
//! | every caller | publish | `ns/mcp/servers/S/cancel/{$self}` | both |
//! | every caller | subscribe | `ns/mcp/clients/{$self}/responses` | both |
//! | every caller | subscribe | `ns/mcp/servers/+/card`, `ns/mcp/servers/+/instances/+`, `ns/mcp/tools/+/card` | reference |
//! | every caller | subscribe | `ns/mcp/servers/S/card`, `ns/mcp/servers/S/instances/+` | hardened |
//! | callers of *T* | subscribe | `ns/mcp/tools/T/card` | hardened |
//! | callers of *T*, if it streams | subscribe | `ns/mcp/tools/T/stream/+` | reference |
//! | the server | publish | its own cards: server, instances, tools | both |
//! | the server | publish | `ns/mcp/clients/+/responses`, `ns/mcp/tools/T/stream/+` if *T* streams | both |
//! | the server | subscribe | `ns/mcp/tools/T/call/#` in the share group `mcp-tool-T`, or `mcp-tool-T.key` with a share key | both |
//! | the server | subscribe | `ns/mcp/servers/S/cancel/+`, its own cards | both |
//!
//! `{$self}` is the identity of whoever asks, as the broker authenticated it; an identity that could
//! not be a caller's name never stands for it. *Every caller* is whoever may call at least one tool of
//! the server. A tool without `allowed_callers` is *open*: any authenticated identity is its caller,
//! and each export warns. A tool with an empty list is for nobody.
//!
//! The server's grants are there only if [`Scope::server_identity`] is. It may not call its own tools:
//! at its start it tries to, in the name of a made-up caller, and believes the names in topics only if
//! the broker refuses.
//!
//! # How it is decided
//!
//! A publish is granted if a rule's filter matches its topic. A subscription is granted if *one*
//! rule's filter contains all of its own, and the share group is the rule's: a rule without a group
//! grants no shared subscription.
//!
//! ```
//! use mcp_mqtt::acl::{Action, ExportOptions, Format, Policy, Profile, Scope};
//! use mcp_mqtt::tool::{Registry, Tool, ToolContext};
//!
//! let greet = Tool::builder("greet")
//!     .allowed_callers(["scout", "analyst"])
//!     .handler(|(): (), _: ToolContext| async { Ok::<_, String>("hello") })
//!     .build()?;
//! let tools = Registry::empty().add(greet)?;
//! let mut scope = Scope::new("demo", "hello");
//! scope.profile = Profile::Hardened;
//! let policy = Policy::derive(&scope, &tools)?;
//!
//! let call = "demo/mcp/tools/greet/call/scout";
//! assert!(policy.decide(Some("scout"), Action::Publish, call).is_allowed());
//!
//! let theft = policy.decide(Some("mallory"), Action::Subscribe, "demo/mcp/clients/+/responses");
//! assert_eq!(theft.to_string(), "denied: no single rule grants it to anybody");
//!
//! let json = policy.export(Format::Json, &ExportOptions::of(&scope))?;
//! assert_eq!(Policy::from_json(&json.text)?, policy);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aws_iot;
mod by_name;
mod decision;
mod derive;
mod diff;
mod dynsec;
mod emqx;
mod emqx_json;
mod export;
mod grants;
mod hivemq;
mod index;
mod json;
mod matrix;
mod merge;
mod mosquitto;
mod nanomq;
mod overreach;
mod policy;
mod purpose;
mod rabbitmq;
mod regex;
mod rmqtt;
mod scope;
mod vernemq;

pub use crate::error::UnknownWord;
pub use decision::{Decision, Denial};
pub use diff::PolicyDiff;
pub use export::{Export, ExportError, ExportOptions, Format, Identity, ShareGroups};
pub use json::ReadError;
pub use matrix::{Cell, Matrix, ToolRow};
pub use merge::{Conflict, Difference, MergeError};
pub use policy::{Action, Policy, Principals, Rule, SELF};
pub use purpose::{Purpose, Role};
pub use scope::{DeriveError, InvalidName, Profile, Scope};

#[cfg(test)]
mod tests;
