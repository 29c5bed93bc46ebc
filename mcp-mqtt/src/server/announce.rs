//! What a server does on each new session: subscribe, find out whether the broker enforces a policy,
//! and put its cards online; and at the end, put them offline.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Serialize;

use super::cards;
use super::dispatch::PROBE_PROPERTY;
use super::error::ServeError;
use super::presence::{self, Card};
use super::shared::Shared;
use super::stall;
use crate::mqtt::{
    Connection, Properties, Publish, PublishError, Qos, ReasonCode, RequestError, RetainHandling,
    Subscription, Will,
};
use crate::wire::{CONTENT_TYPE, Namespace, ServerExtra, Status};

/// Filters in one SUBSCRIBE packet: AWS IoT Core takes no more.
const SUBSCRIBE_BATCH: usize = 8;

/// MQTT has no larger last will (MQTT 5.0 §3.1.3.4); the names of some thousand tools would be one.
const MAX_WILL: usize = 65_535;

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

/// Subscribes, so that calls are served, and goes online.
pub(super) async fn announce(
    shared: &Shared,
    connection: &Connection,
    sharing: &Sharing,
    identity: &str,
) -> Result<(), Stopped> {
    let started = Instant::now();
    stall::avoid(shared, connection).await?;
    // Before calls come: it tells their callers apart.
    shared.set_verified(probe(shared, connection).await?);
    subscribe(shared, connection, sharing, identity).await?;
    presence::arrive(shared, connection, identity).await?;
    let took: Duration = started.elapsed();
    tracing::debug!(?took, tools = shared.registry.len(), "announced");
    Ok(())
}

/// Puts server and tool cards offline, as far as the broker lets it.
pub(super) async fn withdraw(shared: &Shared, connection: &Connection, identity: &str) {
    let all = presence::all_cards(shared);
    if let Err(Stopped::Refused(error)) =
        publish_cards(shared, connection, all, Status::Offline, identity).await
    {
        tracing::warn!(%error, "not every card could be set offline");
    }
}

/// The last will: this instance is gone, and the server offline unless another one says otherwise.
pub(super) fn will(shared: &Shared) -> Will {
    let me = &shared.identity;
    let gone = ServerExtra::gone(&shared.instance.name);
    let mut card = cards::server_card(me, &shared.registry, Status::Offline, gone);
    let mut payload = encode(&card);
    if payload.len() > MAX_WILL {
        card.tools.clear();
        payload = encode(&card);
    }
    Will {
        topic: topic(shared, &Card::Server),
        payload: payload.into(),
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
    let filters = filters(shared, sharing);
    let calls = subscribe_all(connection, filters, Qos::AtLeastOnce, RetainHandling::Never);
    // Not shared, since nobody else knows who has the call; a full window must not hold it back.
    let cancels = vec![me.namespace.cancels(&me.name)];
    let cancels = subscribe_all(connection, cancels, Qos::AtMostOnce, RetainHandling::Never);
    let (mut refused, more) = tokio::try_join!(calls, cancels)?;
    refused.extend(more);
    refusals("subscribe to", refused, identity)
}

/// Subscribes in batches, all at once, and tells which were refused.
pub(super) async fn subscribe_all(
    connection: &Connection,
    filters: Vec<String>,
    qos: Qos,
    retain: RetainHandling,
) -> Result<Vec<(String, RequestError)>, Stopped> {
    let sent: Vec<_> = filters
        .chunks(SUBSCRIBE_BATCH)
        .map(|batch| {
            let subscriptions = batch.iter().map(|filter| Subscription {
                filter: filter.clone(),
                qos,
                no_local: false,
                retain,
            });
            connection.subscribe(subscriptions.collect())
        })
        .collect();
    let answers = join_all(sent).await;
    let mut refused = Vec::new();
    for (batch, answer) in filters.chunks(SUBSCRIBE_BATCH).zip(answers) {
        match answer {
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
    Ok(refused)
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

/// Publishes these of the shared cards.
pub(super) async fn publish_cards(
    shared: &Shared,
    connection: &Connection,
    cards: impl IntoIterator<Item = Card>,
    status: Status,
    identity: &str,
) -> Result<(), Stopped> {
    let (server, tools): (Vec<_>, Vec<_>) = cards
        .into_iter()
        .partition(|which| matches!(which, Card::Server));
    let message = |which: Card| shared_card(shared, &which, status);
    // The server's card comes last when it goes online and first when it goes offline: a tool counts
    // as online only while its server does.
    let (first, last) = match status {
        Status::Offline => (server, tools),
        Status::Online => (tools, server),
    };
    let mut refused = Vec::new();
    publish_all(
        connection,
        first.into_iter().filter_map(message),
        &mut refused,
    )
    .await?;
    if status == Status::Offline || refused.is_empty() {
        publish_all(
            connection,
            last.into_iter().filter_map(message),
            &mut refused,
        )
        .await?;
    }
    refusals("publish to", refused, identity)
}

/// Where a shared card is retained.
pub(super) fn topic(shared: &Shared, which: &Card) -> String {
    let ns = &shared.identity.namespace;
    match which {
        Card::Server => ns.server_card(&shared.identity.name),
        Card::Tool(tool) => ns.tool_card(tool),
    }
}

fn shared_card(shared: &Shared, which: &Card, status: Status) -> Option<Publish> {
    let (me, registry) = (&shared.identity, &shared.registry);
    let topic = topic(shared, which);
    Some(match which {
        Card::Server => {
            let extra = presence::own_extra(shared);
            card(topic, &cards::server_card(me, registry, status, extra))
        }
        Card::Tool(tool) => card(topic, &cards::tool_card(me, registry.get(tool)?, status)),
    })
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

pub(super) fn card(topic: String, card: &impl Serialize) -> Publish {
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
