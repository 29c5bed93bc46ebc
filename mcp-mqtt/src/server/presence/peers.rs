//! The other instances of this server that live, as far as their cards tell.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::super::instance::Instance;
use crate::wire::InstanceStatus;

/// How long an instance lives after its last card, in seconds: the message expiry of the card.
pub(super) const LIFE: u32 = 60;

/// How many are remembered. Far more than a server has; whoever forges cards fills this and no more.
const MOST: usize = 1024;

struct Peer {
    started_ms: u64,
    online: bool,
    until: Instant,
}

#[derive(Default)]
pub(super) struct Peers(HashMap<String, Peer>);

impl Peers {
    pub(super) fn see(
        &mut self,
        name: &str,
        started_ms: u64,
        status: InstanceStatus,
        now: Instant,
    ) {
        if status == InstanceStatus::Offline {
            self.forget(name);
            return;
        }
        if self.0.len() >= MOST && !self.0.contains_key(name) {
            self.0.retain(|_, peer| peer.until > now);
            if self.0.len() >= MOST {
                return;
            }
        }
        let peer = Peer {
            started_ms,
            online: status == InstanceStatus::Online,
            until: now + Duration::from_secs(LIFE.into()),
        };
        self.0.insert(name.to_owned(), peer);
    }

    /// Whether it was known.
    pub(super) fn forget(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether any lives, even one that is leaving.
    pub(super) fn any(&self, now: Instant) -> bool {
        self.0.values().any(|peer| peer.until > now)
    }

    /// How many take calls and come before `me`: the later start first, then the higher name.
    pub(super) fn above(&self, me: &Instance, now: Instant) -> usize {
        let own = (me.started_ms, me.name.as_str());
        self.0
            .iter()
            .filter(|(name, peer)| {
                peer.online && peer.until > now && (peer.started_ms, name.as_str()) > own
            })
            .count()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
