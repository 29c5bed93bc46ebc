//! Exports: the formats, their options and errors, and the weaknesses that any format leaves.
//!
//! How a format is written stands in the file of that format.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::policy::{Policy, Rule};
use super::purpose::{Purpose, namespace_of, server_of, tool_of};
use super::scope::Scope;
use super::{
    aws_iot, dynsec, emqx, emqx_json, hivemq, json, mosquitto, nanomq, rabbitmq, rmqtt, vernemq,
};
use crate::error::UnknownWord;

/// What a policy can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// ACL v2, which [`Policy::from_json`] reads.
    #[default]
    Json,
    /// The `acl_file` of Mosquitto 2.0.
    Mosquitto,
    /// The state file of Mosquitto's dynamic-security plugin.
    MosquittoDynsec,
    /// The `acl.conf` of EMQX 5.
    Emqx,
    /// The rules of EMQX's built-in database, as bodies of its REST API.
    EmqxJson,
    /// The `credentials.xml` of HiveMQ's File RBAC Extension.
    Hivemq,
    /// The `vmq.acl` of VerneMQ.
    Vernemq,
    /// The rules of NanoMQ, in HOCON.
    Nanomq,
    /// The `rmqtt-acl.toml` of RMQTT.
    Rmqtt,
    /// Definitions for RabbitMQ: permissions and topic permissions. MQTT 5 needs 3.13, a server of this
    /// crate 4.1.8 or 4.2.3.
    RabbitMq,
    /// AWS IoT Core policy documents, by principal.
    AwsIot,
}

/// What tells the broker who a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Identity {
    /// The user name of CONNECT, which the broker authenticated.
    #[default]
    Username,
    /// The MQTT client id. Most brokers take any: see [`ExportOptions::client_ids_are_authenticated`].
    ClientId,
    /// The `agent_id` claim that the broker keeps for an account.
    AgentId,
    /// The common name of the client's TLS certificate.
    CertCn,
}

/// Whether a stranger can guess the share groups of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ShareGroups {
    /// They are named by the tools alone.
    #[default]
    Guessable,
    /// A share key ends their names.
    Keyed,
    /// Replicas share nothing.
    Unused,
}

/// How a policy is to be exported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ExportOptions {
    /// What tells the broker who a client is. Default: the user name.
    pub identity: Identity,
    /// The operator's word that the broker lets nobody take another's client id; without it
    /// [`Identity::ClientId`] is refused. Default: `false`.
    pub client_ids_are_authenticated: bool,
    /// The server's share groups. It counts only if the policy has no grants of a server, whose
    /// groups tell it otherwise. Default: guessable.
    pub share_groups: ShareGroups,
}

impl ExportOptions {
    /// The defaults, with the share groups of this scope.
    pub fn of(scope: &Scope) -> Self {
        let share_groups = match (&scope.share_key, scope.shared) {
            (_, false) => ShareGroups::Unused,
            (Some(_), true) => ShareGroups::Keyed,
            (None, true) => ShareGroups::Guessable,
        };
        Self {
            share_groups,
            ..Self::default()
        }
    }
}

/// A policy in a broker's own form.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Export {
    /// The file.
    pub text: String,
    /// Open tools, and weaknesses of the format that nothing makes up for. A strict export fails if
    /// there are any.
    pub warnings: Vec<String>,
    /// What the policy or the format leaves open by its nature: to be known, not to be repaired.
    /// Where the format has comments, they hold warnings and notes too.
    pub notes: Vec<String>,
}

/// A policy cannot be written in a format without changing what it grants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The format does not know this kind of identity.
    #[error("format `{format}` cannot tell callers by {identity}: {advice}")]
    Identity {
        /// The format.
        format: Format,
        /// What it cannot use.
        identity: Identity,
        /// What to do instead.
        advice: &'static str,
    },
    /// Client ids are anybody's choice.
    #[error(
        "anybody can take any client id: if your broker ties client ids to credentials, say so with \
         `--client-ids-are-authenticated`, else use another identity"
    )]
    UnauthenticatedClientIds,
    /// A grant that would become a wider one.
    #[error("format `{format}` cannot grant `{topic}`{} to {caller} alone: {reason}", of_tool(.tool))]
    Inexpressible {
        /// The format.
        format: Format,
        /// The tool whose topic it is, if it is one of a tool.
        tool: Option<String>,
        /// Who was to be granted it.
        caller: String,
        /// The topic filter.
        topic: String,
        /// Why not, and what to do instead.
        reason: &'static str,
    },
    /// Two principals could connect with one client id.
    #[error(
        "format `{format}` cannot keep `{other}` apart from the server `{server}`, whose client ids may \
         begin with `{server}-`: rename one of them"
    )]
    SharedClientIds {
        /// The format.
        format: Format,
        /// The identity of the server.
        server: String,
        /// Whose name begins as the client ids of the server.
        other: String,
    },
    /// A format has no form for a policy that grants nobody anything.
    #[error("format `{format}` cannot hold a policy that grants nothing: {advice}")]
    Empty {
        /// The format.
        format: Format,
        /// Why, and what to do instead.
        advice: &'static str,
    },
    /// More than the broker takes.
    #[error(
        "format `{format}` cannot hold what {caller} may do: {limit}; it would be {size}; {advice}"
    )]
    Limit {
        /// The format.
        format: Format,
        /// Whose grants they are.
        caller: String,
        /// The limit in words.
        limit: &'static str,
        /// What it would have been.
        size: usize,
        /// What to do instead.
        advice: &'static str,
    },
}

fn of_tool(tool: &Option<String>) -> String {
    tool.iter()
        .map(|name| format!(" of tool `{name}`"))
        .collect()
}

impl Policy {
    /// The policy in the form of a broker. Equal policies and options give equal text.
    ///
    /// # Errors
    ///
    /// When the format cannot express a rule: never a wider one is written instead.
    pub fn export(&self, format: Format, options: &ExportOptions) -> Result<Export, ExportError> {
        let by_client_id = options.identity == Identity::ClientId;
        // The documents for AWS IoT themselves say who may connect with which client id.
        let by_client_id = by_client_id && format != Format::AwsIot;
        if by_client_id && !options.client_ids_are_authenticated {
            return Err(ExportError::UnauthenticatedClientIds);
        }
        match format {
            Format::Json => json::export(self, options),
            Format::Mosquitto => mosquitto::export(self, options),
            Format::MosquittoDynsec => dynsec::export(self, options),
            Format::Emqx => emqx::export(self, options),
            Format::EmqxJson => emqx_json::export(self, options),
            Format::Hivemq => hivemq::export(self, options),
            Format::Vernemq => vernemq::export(self, options),
            Format::Nanomq => nanomq::export(self, options),
            Format::Rmqtt => rmqtt::export(self, options),
            Format::RabbitMq => rabbitmq::export(self, options),
            Format::AwsIot => aws_iot::export(self, options),
        }
    }
}

/// The tools that anybody may call, and the rules by which anybody may call what they do not name, as
/// warnings.
pub(super) fn open_tools(policy: &Policy) -> Vec<String> {
    let open = |tool| {
        format!(
            "tool `{tool}` is open: any authenticated identity may call it; name its callers with \
             `allowed_callers`"
        )
    };
    let wide = |rule: &Rule| {
        format!(
            "any authenticated identity may publish `{}`, and so call every tool whose \
             topic that covers; name those who may",
            rule.filter
        )
    };
    let wide = policy.calls_of_anyone().map(wide);
    policy
        .open_tools()
        .into_iter()
        .map(open)
        .chain(wide)
        .collect()
}

/// What a format takes out of the notes if it lets callers publish without the retain flag alone.
pub(super) const RETAIN: &str = "callers can set the retain flag; servers refuse a retained call";

/// What the grants of this policy leave open, whatever the format.
pub(super) fn notes(policy: &Policy) -> Vec<String> {
    let has = |purpose| policy.rules().iter().any(|rule| rule.purpose() == purpose);
    let mut notes = Vec::new();
    let mut note = |text: &str| notes.push(text.to_owned());
    if has(Purpose::PlainCall) {
        note(
            "on a plain call topic the caller is a claim: any caller of a tool can pose as another \
             caller of that tool (profile `hardened` has no plain topics)",
        );
    }
    if has(Purpose::Stream) {
        note(
            "partial results on a stream topic can be read by every caller of that tool (profile \
             `hardened` keeps them in the caller's inbox)",
        );
    }
    let sees_all = |filter: &str| server_of(filter) == Some("+");
    if policy.rules().iter().any(|rule| sees_all(&rule.filter)) {
        note("every caller sees the cards of all servers and tools of the namespace");
    }
    if has(Purpose::Call) || has(Purpose::PlainCall) {
        note(RETAIN);
        note("programs that connect with one identity can read each other's responses");
    }
    notes
}

/// Whether a stranger can guess a share group in which some server receives calls. What the rules of
/// servers do not say of a tool that may be called, the options do.
pub(super) fn groups_are_guessable(policy: &Policy, options: &ExportOptions) -> bool {
    let tool = |rule: &Rule| {
        let namespace = namespace_of(&rule.filter)?.to_owned();
        Some((namespace, tool_of(&rule.filter)?.to_owned()))
    };
    let mut unserved: BTreeSet<_> = policy
        .rules()
        .iter()
        .filter(|r| r.purpose().is_call())
        .map(tool)
        .collect();
    for rule in policy.rules() {
        if rule.purpose() != Purpose::ServeCalls {
            continue;
        }
        if rule.share.is_some() && rule.share_key().is_none() {
            return true;
        }
        unserved.remove(&tool(rule));
    }
    let anything = policy
        .rules()
        .iter()
        .any(|r| r.purpose().is_call() || r.purpose() == Purpose::ServeCalls);
    (!unserved.is_empty() || !anything) && options.share_groups == ShareGroups::Guessable
}

/// The servers and the namespaces that the rules name, for the head of a file.
pub(super) fn subject(policy: &Policy) -> String {
    let named = |pick: fn(&str) -> Option<&str>| {
        let mut names: Vec<_> = policy
            .rules()
            .iter()
            .filter_map(|rule| pick(&rule.filter))
            .filter(|name| *name != "+")
            .collect();
        names.sort_unstable();
        names.dedup();
        match names.is_empty() {
            true => "none".to_owned(),
            false => names.join(", "),
        }
    };
    format!(
        "server: {}; namespace: {}",
        named(server_of),
        named(namespace_of)
    )
}

impl Format {
    /// All formats.
    pub const ALL: &[Self] = &[
        Self::Json,
        Self::Mosquitto,
        Self::MosquittoDynsec,
        Self::Emqx,
        Self::EmqxJson,
        Self::Hivemq,
        Self::Vernemq,
        Self::Nanomq,
        Self::Rmqtt,
        Self::RabbitMq,
        Self::AwsIot,
    ];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Mosquitto => "mosquitto",
            Self::MosquittoDynsec => "mosquitto-dynsec",
            Self::Emqx => "emqx",
            Self::EmqxJson => "emqx-json",
            Self::Hivemq => "hivemq",
            Self::Vernemq => "vernemq",
            Self::Nanomq => "nanomq",
            Self::Rmqtt => "rmqtt",
            Self::RabbitMq => "rabbitmq",
            Self::AwsIot => "aws-iot",
        })
    }
}

impl Identity {
    /// All kinds of identity.
    pub const ALL: &[Self] = &[Self::Username, Self::ClientId, Self::AgentId, Self::CertCn];
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Username => "username",
            Self::ClientId => "client-id",
            Self::AgentId => "agent-id",
            Self::CertCn => "cert-cn",
        })
    }
}

impl FromStr for Format {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        UnknownWord::find("policy format", Self::ALL, word)
    }
}

impl FromStr for Identity {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        UnknownWord::find("identity", Self::ALL, word)
    }
}
