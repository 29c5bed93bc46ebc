//! What presence does on the wire: subscribe to the shared cards, show the own one, repair, leave.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::{sleep_until, timeout};

use super::super::announce::{self, Stopped};
use super::super::shared::Shared;
use super::all_cards;
use super::machine::{Action, Machine};
use crate::mqtt::{Connection, Message, Properties, Publish, PublishError, Qos, RetainHandling};
use crate::wire::{CONTENT_TYPE, InstanceCard, Status};

/// How many retained cards are asked for at once: brokers drop what does not fit into a client's queue,
/// which on a stock Mosquitto takes 1000 messages.
const GROUP: usize = 256;

/// How long the own Instance Card may take to come back while the shared cards are read.
const READ: Duration = Duration::from_secs(2);

/// How long it may take at the end, when calls that the broker had queued come before it.
const LAST: Duration = Duration::from_secs(5);

/// After so many sessions in a row that ended while they tried, one does without presence: some brokers
/// close the connection instead of refusing.
const TRIES: u32 = 3;

/// Subscribes to the cards that this server shares with its other instances, shows that it is there, and
/// waits until what is retained has come. Then publishes what differs.
pub(in crate::server) async fn arrive(
    shared: &Shared,
    connection: &Connection,
    identity: &str,
) -> Result<(), Stopped> {
    let presence = &shared.presence;
    if presence.lost.fetch_add(1, Ordering::Relaxed) < TRIES {
        read(shared, connection).await?;
    } else {
        presence.warn(&"the broker ended the connection each time that was tried");
        presence.change(|m| m.refused());
    }
    presence.lost.store(0, Ordering::Relaxed);
    presence.change(|m| m.has_read(Instant::now()));
    let repair_at = presence.lock().repair_at();
    if let Some(at) = repair_at {
        sleep_until(at.into()).await;
        act(shared, connection, identity).await?;
    }
    Ok(())
}

/// Looks after the cards as long as the session lasts.
pub(in crate::server) async fn keep(
    shared: &Shared,
    connection: &Connection,
    identity: &str,
) -> Infallible {
    let presence = &shared.presence;
    loop {
        let changed = presence.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let due = presence.lock().due();
        tokio::select! {
            () = sleep_until_some(due) => {
                if let Err(Stopped::Refused(error)) = act(shared, connection, identity).await {
                    tracing::warn!(%error, "not every card could be put online again");
                }
            }
            () = changed => {}
        }
    }
}

/// Says that this instance takes no more calls, and waits until that comes back: what the broker had
/// queued for it has come before.
pub(in crate::server) async fn leave(shared: &Shared, connection: &Connection) {
    shared.presence.change(|m| m.leave());
    if shared.presence.lock().is_heard() {
        show(shared, connection, LAST).await.ok();
    }
}

/// Says that this instance is gone. Whether it was the last one, so that it has to put the shared cards
/// offline; of several that leave at once that is exactly one.
pub(in crate::server) async fn part(shared: &Shared, connection: &Connection) -> bool {
    let presence = &shared.presence;
    if !presence.lock().is_heard() {
        // Without presence, as if it were the only one; but not before it has put anything online.
        return presence.lock().has_announced();
    }
    presence.change(|m| m.part());
    show(shared, connection, LAST).await.ok();
    presence.lock().was_last().unwrap_or(true)
}

/// Takes back the own Instance Card.
pub(in crate::server) async fn vanish(shared: &Shared, connection: &Connection) {
    if shared.presence.lock().is_shown() {
        clear(shared, connection, &shared.instance.name).await;
    }
}

/// Publishes the own Instance Card; when that was acknowledged, and when it came back. `None`: not both within `limit`.
pub(in crate::server) async fn echo(
    shared: &Shared,
    connection: &Connection,
    limit: Duration,
) -> Result<Option<(Instant, Instant)>, Stopped> {
    let (number, sending) = send(shared, connection);
    let acknowledged = async {
        match sent(shared, sending.await) {
            Ok(true) => Ok(Instant::now()),
            Ok(false) => Err(None),
            Err(stopped) => Err(Some(stopped)),
        }
    };
    let echoed = async {
        let echo = |m: &Machine| (m.echoed() >= number).then(Instant::now);
        Ok(shared.presence.until(echo).await)
    };
    let both = async { tokio::try_join!(acknowledged, echoed) };
    match timeout(limit, both).await {
        Ok(Ok(both)) => Ok(Some(both)),
        Ok(Err(Some(stopped))) => Err(stopped),
        Ok(Err(None)) | Err(_) => Ok(None),
    }
}

/// The number of an own Instance Card.
pub(super) fn number(message: &Message) -> Option<u64> {
    let data = message.properties.correlation_data.as_deref()?;
    data.try_into().ok().map(u64::from_be_bytes)
}

async fn read(shared: &Shared, connection: &Connection) -> Result<(), Stopped> {
    let ns = &shared.identity.namespace;
    // Instances first: whose last will it is that the Server Card tells of must be known by then.
    let instances = ns.instance_cards(&shared.identity.name);
    let filters: Vec<_> = std::iter::once(instances)
        .chain(all_cards(shared).map(|card| announce::topic(shared, &card)))
        .collect();
    for group in filters.chunks(GROUP) {
        let refused = announce::subscribe_all(
            connection,
            group.to_vec(),
            Qos::AtLeastOnce,
            RetainHandling::Always,
        )
        .await?;
        if let Some((filter, error)) = refused.first() {
            shared
                .presence
                .warn(&format_args!("subscribing to {filter}: {error}"));
        }
        if !show(shared, connection, READ).await? {
            break;
        }
    }
    Ok(())
}

async fn act(shared: &Shared, connection: &Connection, identity: &str) -> Result<(), Stopped> {
    let actions = shared.presence.lock().act(Instant::now());
    for action in actions {
        match action {
            Action::Publish(cards) => {
                announce::publish_cards(shared, connection, cards, Status::Online, identity)
                    .await?;
            }
            Action::Show => {
                let (_, sending) = send(shared, connection);
                sent(shared, sending.await)?;
            }
            Action::Clear(instance) => clear(shared, connection, &instance).await,
        }
    }
    Ok(())
}

/// Publishes the own Instance Card and waits until it has come back. `false` if it does not.
async fn show(shared: &Shared, connection: &Connection, limit: Duration) -> Result<bool, Stopped> {
    let (number, sending) = send(shared, connection);
    if !sent(shared, sending.await)? {
        return Ok(false);
    }
    let echo = shared
        .presence
        .until(|m| (m.echoed() >= number).then_some(()));
    let came = timeout(limit, echo).await.is_ok();
    if !came {
        shared
            .presence
            .warn(&"the broker does not deliver its own instance card");
    }
    Ok(came)
}

fn send(
    shared: &Shared,
    connection: &Connection,
) -> (u64, impl Future<Output = Result<(), PublishError>> + use<>) {
    let (me, instance) = (&shared.identity, &shared.instance);
    let (number, status) = shared.presence.change(|m| m.show(Instant::now()));
    let card = InstanceCard::new(
        me.namespace.as_str(),
        &me.name,
        &instance.name,
        instance.started_ms,
        status,
    );
    let mut message = announce::card(me.namespace.instance_card(&me.name, &instance.name), &card);
    message.properties.message_expiry = Some(super::peers::LIFE);
    message.properties.correlation_data = Some(Bytes::copy_from_slice(&number.to_be_bytes()));
    let sending = connection.publish(message);
    (number, async { sending.await.map(drop) })
}

/// Whether the broker took the own Instance Card.
fn sent(shared: &Shared, outcome: Result<(), PublishError>) -> Result<bool, Stopped> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.is_loss() => Err(Stopped::Lost),
        Err(error) => {
            shared
                .presence
                .warn(&format_args!("publishing an instance card: {error}"));
            shared.presence.change(|m| m.refused());
            Ok(false)
        }
    }
}

/// Takes back the retained card of an instance.
async fn clear(shared: &Shared, connection: &Connection, instance: &str) {
    let me = &shared.identity;
    let empty = Publish {
        topic: me.namespace.instance_card(&me.name, instance),
        payload: Bytes::new(),
        qos: Qos::AtLeastOnce,
        retain: true,
        properties: Properties {
            content_type: Some(CONTENT_TYPE.to_owned()),
            ..Properties::default()
        },
    };
    if let Err(error) = connection.publish(empty).await {
        tracing::debug!(instance, %error, "an instance card could not be cleared");
    }
}

async fn sleep_until_some(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
