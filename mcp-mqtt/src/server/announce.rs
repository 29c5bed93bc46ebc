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

/// Puts server and tool cards offline.
pub(super) async fn withdraw(shared: &Shared, connection: &Connection, identity: &str) {
    if let Err(Stopped::Refused(error)) =
        publish_cards(shared, connection, Status::Offline, identity).await
    {
        tracing::warn!(%error, "the cards could not be set offline");
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
    let filters = filters(shared, sharing);
    let mut refused = Vec::new();
    for batch in filters.chunks(SUBSCRIBE_BATCH) {
        let subscriptions = batch.iter().map(|filter| Subscription {
            filter: filter.clone(),
            qos: Qos::AtLeastOnce,
            no_local: false,
            retain: RetainHandling::Never,
        });
        match connection.subscribe(subscriptions.collect()).await {
            Ok(codes) => {
                let outcomes = batch.iter().zip(codes);
                refused.extend(
                    outcomes
                        .filter(|(_, code)| code.is_err())
                        .map(|(filter, _)| filter.clone()),
                );
            }
            Err(RequestError::Lost | RequestError::NotConnected) => return Err(Stopped::Lost),
            Err(error) => {
                tracing::error!(%error, "a subscription could not be made");
                refused.extend(batch.iter().cloned());
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
    if shared.has_probe_closed() {
        tracing::warn!(
            "the connection ended when the server asked whether the broker enforces a policy: \
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
    match connection.publish(message).await {
        Err(PublishError::Refused(ReasonCode::NOT_AUTHORIZED)) => return Ok(true),
        // Some brokers close the connection on a refusal; so may a network that fails just now.
        Err(PublishError::Lost) => {
            shared.set_probe_closed();
            return Err(Stopped::Lost);
        }
        Err(PublishError::NotSent | PublishError::NotConnected) => return Err(Stopped::Lost),
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
    let cards: Vec<Publish> = std::iter::once(server).chain(tools).collect();
    let topics: Vec<String> = cards.iter().map(|c| c.topic.clone()).collect();
    let sent = join_all(cards.into_iter().map(|card| connection.publish(card))).await;
    let mut refused = Vec::new();
    for (topic, outcome) in topics.into_iter().zip(sent) {
        match outcome {
            Ok(_) => {}
            Err(PublishError::Refused(ReasonCode::NOT_AUTHORIZED)) => refused.push(topic),
            Err(PublishError::Lost | PublishError::NotSent | PublishError::NotConnected) => {
                return Err(Stopped::Lost);
            }
            Err(error) => tracing::error!(%topic, %error, "a card could not be published"),
        }
    }
    refusals("publish to", refused, identity)
}

fn refusals(action: &'static str, topics: Vec<String>, identity: &str) -> Result<(), Stopped> {
    if topics.is_empty() {
        return Ok(());
    }
    Err(Stopped::Refused(ServeError::Refused {
        action,
        topics,
        identity: identity.to_owned(),
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
