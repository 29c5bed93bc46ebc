//! What a server does on each new session: subscribe, find out whether the broker enforces a policy,
//! and put its cards online; and at the end, put them offline.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Serialize;

use super::cards;
use super::dispatch::PROBE_PROPERTY;
use super::error::ServeError;
use super::shared::Shared;
use crate::mqtt::{
    Connection, Properties, Publish, PublishError, Qos, ReasonCode, RequestError, RetainHandling,
    Subscription, Will,
};
use crate::wire::{CONTENT_TYPE, Namespace, Status};

/// Filters in one SUBSCRIBE packet: small enough for every broker's packet limit.
const SUBSCRIBE_BATCH: usize = 64;

/// How many probes in a row may end with the connection before no further one is made.
const PROBES: u32 = 3;

/// How the replicas of a server share its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sharing {
    pub(super) shared: bool,
    pub(super) key: Option<String>,
}

/// What stopped an announcement.
pub(super) enum Stopped {
    /// The connection was lost: the next session announces again.
    Lost,
    /// The broker refuses what serving needs.
    Refused(ServeError),
}

/// Subscribes and goes online.
pub(super) async fn announce(
    shared: &Shared,
    connection: &Connection,
    sharing: &Sharing,
    identity: &str,
) -> Result<(), Stopped> {
    let started = Instant::now();
    subscribe(shared, connection, sharing, identity).await?;
    shared.set_verified(probe(shared, connection).await?);
    publish_cards(shared, connection, Status::Online, identity).await?;
    let took: Duration = started.elapsed();
    tracing::debug!(?took, tools = shared.registry.len(), "announced");
    Ok(())
}

/// Puts server and tool cards offline, as far as the broker lets it.
pub(super) async fn withdraw(shared: &Shared, connection: &Connection, identity: &str) {
    if let Err(Stopped::Refused(error)) =
        publish_cards(shared, connection, Status::Offline, identity).await
    {
        tracing::warn!(%error, "not every card could be set offline");
    }
}

/// The last will: the server is offline.
pub(super) fn will(identity: &cards::Identity, registry: &crate::tool::Registry) -> Will {
    let card = cards::server_card(identity, registry, Status::Offline);
    Will {
        topic: identity.namespace.server_card(&identity.name),
        payload: encode(&card).into(),
        retain: true,
        properties: json_properties(),
    }
}

/// The filters of all calls, as they are subscribed to.
pub(super) fn filters(shared: &Shared, sharing: &Sharing) -> Vec<String> {
    let ns = &shared.identity.namespace;
    let tools = shared.registry.iter();
    tools
        .map(|tool| {
            let calls = ns.calls(tool.name());
            if !sharing.shared {
                return calls;
            }
            let group = Namespace::share_group(tool.name(), sharing.key.as_deref());
            format!("$share/{group}/{calls}")
        })
        .collect()
}

async fn subscribe(
    shared: &Shared,
    connection: &Connection,
    sharing: &Sharing,
    identity: &str,
) -> Result<(), Stopped> {
    let me = &shared.identity;
    let mut filters = filters(shared, sharing);
    // Not shared: nobody else knows who has the call.
    let cancels = me.namespace.cancels(&me.name);
    filters.push(cancels.clone());
    let mut refused = Vec::new();
    for batch in filters.chunks(SUBSCRIBE_BATCH) {
        let subscriptions = batch.iter().map(|filter| Subscription {
            filter: filter.clone(),
            qos: if *filter == cancels {
                Qos::AtMostOnce
            } else {
                Qos::AtLeastOnce
            },
            no_local: false,
            retain: RetainHandling::Never,
        });
        match connection.subscribe(subscriptions.collect()).await {
            Ok(codes) => {
                for (filter, code) in batch.iter().zip(codes) {
                    if let Err(code) = code {
                        refused.push((filter.clone(), RequestError::Refused(code)));
                    }
                }
            }
            Err(error) if error.is_loss() => return Err(Stopped::Lost),
            Err(error) => {
                // The whole packet: its first filter stands for it.
                refused.extend(batch.first().map(|filter| (filter.clone(), error)));
            }
        }
    }
    refusals("subscribe to", refused, identity)
}

/// Whether the broker refuses a call in the name of somebody else, so that a caller-bound topic
/// proves its caller.
async fn probe(shared: &Shared, connection: &Connection) -> Result<bool, Stopped> {
    let Some(tool) = shared.registry.iter().next() else {
        return Ok(false);
    };
    if shared.probes_lost() >= PROBES {
        tracing::warn!(
            "the connection ended each time the server asked whether the broker enforces a policy: \
             callers are claimed, not verified"
        );
        return Ok(false);
    }
    // A name that is nobody's; it needs no more than to be unlikely.
    let stranger = format!("probe-{}", crate::random::suffix());
    let message = Publish {
        topic: shared.identity.namespace.bound_call(tool.name(), &stranger),
        payload: bytes::Bytes::new(),
        qos: Qos::AtLeastOnce,
        retain: false,
        properties: Properties {
            message_expiry: Some(1),
            user: vec![(PROBE_PROPERTY.to_owned(), "1".to_owned())],
            ..Properties::default()
        },
    };
    let answer = connection.publish(message).await;
    // Some brokers close the connection on a refusal; so may a network that fails just now.
    shared.probed(matches!(answer, Err(PublishError::Lost)));
    match answer {
        Err(PublishError::Refused(ReasonCode::NOT_AUTHORIZED)) => return Ok(true),
        Err(error) if error.is_loss() => return Err(Stopped::Lost),
        Ok(_) => tracing::warn!(
            "the broker lets anybody call in anybody's name: callers are claimed, not verified; \
             load the policy that `acl` exports"
        ),
        Err(error) => tracing::warn!(
            %error,
            "whether the broker enforces a policy is not known: callers are claimed, not verified"
        ),
    }
    Ok(false)
}

async fn publish_cards(
    shared: &Shared,
    connection: &Connection,
    status: Status,
    identity: &str,
) -> Result<(), Stopped> {
    let (me, registry) = (&shared.identity, &shared.registry);
    let server = card(
        me.namespace.server_card(&me.name),
        &cards::server_card(me, registry, status),
    );
    let tools = registry.iter().map(|tool| {
        let topic = me.namespace.tool_card(tool.name());
        card(topic, &cards::tool_card(me, tool, status))
    });
    // The server's card comes last when it goes online and first when it goes offline: a tool counts
    // as online only while its server does.
    let mut refused = Vec::new();
    match status {
        Status::Offline => {
            publish_all(connection, [server], &mut refused).await?;
            publish_all(connection, tools, &mut refused).await?;
        }
        Status::Online => {
            publish_all(connection, tools, &mut refused).await?;
            if refused.is_empty() {
                publish_all(connection, [server], &mut refused).await?;
            }
        }
    }
    refusals("publish to", refused, identity)
}

/// Publishes all at once and adds those that were refused.
async fn publish_all(
    connection: &Connection,
    cards: impl IntoIterator<Item = Publish>,
    refused: &mut Vec<(String, PublishError)>,
) -> Result<(), Stopped> {
    let sent = cards.into_iter().map(|card| {
        let topic = card.topic.clone();
        let sending = connection.publish(card);
        async move { (topic, sending.await) }
    });
    let sent: Vec<_> = sent.collect();
    for (topic, outcome) in join_all(sent).await {
        match outcome {
            Ok(_) => {}
            Err(error) if error.is_loss() => return Err(Stopped::Lost),
            Err(error) => refused.push((topic, error)),
        }
    }
    Ok(())
}

fn refusals(
    action: &'static str,
    refused: Vec<(String, RequestError)>,
    identity: &str,
) -> Result<(), Stopped> {
    let Some((_, first)) = refused.first() else {
        return Ok(());
    };
    let advice = match first {
        RequestError::Refused(ReasonCode::NOT_AUTHORIZED) => {
            format!("load a policy that was exported with `acl --server-identity {identity}`")
        }
        RequestError::Refused(ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED) => {
            "this broker has no shared subscriptions: turn them off".to_owned()
        }
        _ => "the broker's log or documentation says more".to_owned(),
    };
    let reason = first.to_string();
    Err(Stopped::Refused(ServeError::Refused {
        action,
        reason,
        advice,
        topics: refused.into_iter().map(|(topic, _)| topic).collect(),
    }))
}

fn card(topic: String, card: &impl Serialize) -> Publish {
    Publish {
        topic,
        payload: encode(card).into(),
        qos: Qos::AtLeastOnce,
        retain: true,
        properties: json_properties(),
    }
}

fn json_properties() -> Properties {
    Properties {
        content_type: Some(CONTENT_TYPE.to_owned()),
        ..Properties::default()
    }
}

fn encode(card: &impl Serialize) -> Vec<u8> {
    // Strings and JSON values always have a JSON form.
    serde_json::to_vec(card).unwrap_or_default()
}
