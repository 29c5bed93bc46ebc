//! The cards of a server and its tools, as it announces them.

use crate::tool::{Registry, Tool};
use crate::wire::card::{CARD_VERSION, ToolExtra, VersionInfo, timestamp};
use crate::wire::{Delivery, Namespace, ServerCard, ServerExtra, Status, ToolCard};

/// What the cards of one server have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) namespace: Namespace,
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) description: String,
}

/// The Server Card; `extra` says which instance publishes it, or is gone.
pub(crate) fn server_card(
    server: &Identity,
    registry: &Registry,
    status: Status,
    extra: ServerExtra,
) -> ServerCard {
    ServerCard {
        version: CARD_VERSION.to_owned(),
        server: server.name.clone(),
        namespace: server.namespace.as_str().to_owned(),
        description: server.description.clone(),
        tools: registry.iter().map(|t| t.name().to_owned()).collect(),
        version_info: VersionInfo {
            server: server.version.clone(),
            ..VersionInfo::ours()
        },
        status,
        last_seen: timestamp(),
        extra: Some(extra),
    }
}

/// The Tool Card of one tool.
pub(crate) fn tool_card(server: &Identity, tool: &Tool, status: Status) -> ToolCard {
    let hints = tool.hints();
    ToolCard {
        version: CARD_VERSION.to_owned(),
        tool: tool.name().to_owned(),
        server: server.name.clone(),
        namespace: server.namespace.as_str().to_owned(),
        description: tool.description().to_owned(),
        input_schema: tool.input_schema().clone(),
        output_schema: tool.output_schema().cloned(),
        supports_streaming: tool.is_streaming(),
        requires_auth: true,
        allowed_callers: tool.allowed_callers().map(<[String]>::to_vec),
        version_info: VersionInfo {
            tool: tool.version().map(str::to_owned),
            ..VersionInfo::ours()
        },
        status,
        last_seen: timestamp(),
        extra: Some(ToolExtra {
            title: tool.title().map(str::to_owned),
            schema_hash: tool.schema_hash(),
            bound: true,
            inbox: true,
            require_verified: tool.requires_verified(),
            delivery: Some(match hints.is_repeatable() {
                true => Delivery::AtLeastOnce,
                false => Delivery::AtMostOncePerDelivery,
            }),
            timeout_ms: tool
                .timeout()
                .map(|t| u64::try_from(t.as_millis()).unwrap_or(u64::MAX)),
            read_only: hints.read_only,
            destructive: hints.destructive,
            idempotent: hints.idempotent,
            open_world: hints.open_world,
        }),
    }
}
