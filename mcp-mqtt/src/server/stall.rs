//! Finds out whether the broker holds small packets back, once and before calls come, and makes two connections of one
//! then.
//!
//! What is measured is how far the acknowledgement of an own Instance Card and its echo are apart.

use std::time::Instant;

use super::announce::{Stopped, subscribe_all};
use super::presence;
use super::shared::Shared;
use crate::mqtt::stall::{ROUND, Round, verdict};
use crate::mqtt::{Connection, Qos, RetainHandling};

/// Goes on with two connections if that is better. `Lost` then: there is another session.
pub(super) async fn avoid(shared: &Shared, connection: &Connection) -> Result<(), Stopped> {
    if !connection.can_split() || !shared.measures() {
        return Ok(());
    }
    match measure(shared, connection).await? {
        Some(true) if connection.split().await => Err(Stopped::Lost),
        Some(_) => Ok(()),
        None => {
            tracing::debug!(
                "whether the broker holds small packets back is not known: it does not show this server its own \
                 instance card"
            );
            Ok(())
        }
    }
}

/// `None`: that cannot be found out.
async fn measure(shared: &Shared, connection: &Connection) -> Result<Option<bool>, Stopped> {
    let me = &shared.identity;
    let filter = vec![me.namespace.instance_cards(&me.name)];
    // At QoS 0, until presence subscribes to the same.
    let refused = subscribe_all(connection, filter, Qos::AtMostOnce, RetainHandling::Never).await?;
    if !refused.is_empty() {
        return Ok(None);
    }
    let mut rounds = Vec::new();
    loop {
        if let Some(verdict) = verdict(&rounds) {
            tracing::debug!(?rounds, held = verdict, "measured the broker");
            return Ok(Some(verdict));
        }
        let sent = Instant::now();
        let Some((acknowledged, came)) = presence::echo(shared, connection, ROUND).await? else {
            return Ok(None);
        };
        rounds.push(Round::new(sent, acknowledged, came));
    }
}
