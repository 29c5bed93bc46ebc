//! Which identity a client id belongs to at the moment.
//!
//! MQTT lets a new connection take over the session of any client id. A broker that authenticates
//! user names only would so let one identity throw out another. Here a client id stays with its
//! identity while a connection or a session of it lives. Pure bookkeeping: time is passed in.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long an accepted CONNECT may take until its connection is reported: longer than the ten
/// seconds the broker gives a handshake.
const HANDSHAKE: Duration = Duration::from_secs(15);

/// Entries above which dead ones are looked for before another is added.
const TIDY_ABOVE: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct ClientIds {
    held: HashMap<String, Holder>,
}

#[derive(Debug)]
struct Holder {
    user: String,
    /// Deadlines of handshakes that were accepted and not reported yet.
    handshakes: Vec<Instant>,
    connections: usize,
    session_expiry: Duration,
    session_until: Option<Instant>,
}

impl Holder {
    fn is_alive(&self, now: Instant) -> bool {
        self.connections > 0
            || self.session_until.is_some_and(|until| until > now)
            || self.handshakes.iter().any(|deadline| *deadline > now)
    }
}

impl ClientIds {
    /// Takes `id` for a connection of `user` that is about to be accepted; false when it belongs
    /// to another identity.
    pub(super) fn claim(&mut self, id: &str, user: &str, now: Instant) -> bool {
        if self.held.len() > TIDY_ABOVE {
            self.held.retain(|_, holder| holder.is_alive(now));
        }
        let holder = self.entry(id, user);
        if holder.user != user {
            if holder.is_alive(now) {
                return false;
            }
            *holder = Holder::of(user);
        }
        holder.handshakes.retain(|deadline| *deadline > now);
        holder.handshakes.push(now + HANDSHAKE);
        true
    }

    /// A connection of `user` is up; its session outlives it by `session_expiry`.
    pub(super) fn connected(&mut self, id: &str, user: &str, session_expiry: Duration) {
        let holder = self.entry(id, user);
        holder.handshakes.pop();
        holder.connections += 1;
        holder.session_expiry = session_expiry;
        holder.session_until = None;
    }

    /// A connection of `id` is gone.
    pub(super) fn disconnected(&mut self, id: &str, now: Instant) {
        if let Some(holder) = self.held.get_mut(id) {
            holder.connections = holder.connections.saturating_sub(1);
            holder.session_until = now.checked_add(holder.session_expiry);
            if !holder.is_alive(now) {
                self.held.remove(id);
            }
        }
    }

    /// The identity that `id` belongs to, as far as known.
    pub(super) fn user(&self, id: &str) -> Option<&str> {
        self.held.get(id).map(|holder| holder.user.as_str())
    }

    fn entry(&mut self, id: &str, user: &str) -> &mut Holder {
        self.held
            .entry(id.to_owned())
            .or_insert_with(|| Holder::of(user))
    }
}

impl Holder {
    fn of(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            handshakes: Vec::new(),
            connections: 0,
            session_expiry: Duration::ZERO,
            session_until: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_SESSION: Duration = Duration::ZERO;
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_connected_client_id_is_refused_to_another_identity_only() {
        let (mut ids, now) = (ClientIds::default(), Instant::now());
        assert!(ids.claim("x", "scout", now));
        ids.connected("x", "scout", NO_SESSION);
        assert!(!ids.claim("x", "mallory", now));
        assert!(ids.claim("x", "scout", now));
    }

    #[test]
    fn an_accepted_handshake_holds_the_client_id_until_it_times_out() {
        let (mut ids, now) = (ClientIds::default(), Instant::now());
        assert!(ids.claim("x", "scout", now));
        assert!(!ids.claim("x", "mallory", now));
        assert!(ids.claim("x", "mallory", now + HANDSHAKE + MINUTE));
    }

    #[test]
    fn a_client_id_without_session_is_free_when_its_connection_ends() {
        let (mut ids, now) = (ClientIds::default(), Instant::now());
        assert!(ids.claim("x", "scout", now));
        ids.connected("x", "scout", NO_SESSION);
        ids.disconnected("x", now);
        assert_eq!(ids.user("x"), None);
        assert!(ids.claim("x", "mallory", now));
    }

    #[test]
    fn a_session_holds_its_client_id_until_it_expires() {
        let (mut ids, now) = (ClientIds::default(), Instant::now());
        assert!(ids.claim("x", "scout", now));
        ids.connected("x", "scout", MINUTE);
        ids.disconnected("x", now);
        assert!(!ids.claim("x", "mallory", now + MINUTE / 2));
        assert!(ids.claim("x", "mallory", now + MINUTE * 2));
    }

    #[test]
    fn a_take_over_by_the_same_identity_never_leaves_the_client_id_free() {
        let (mut ids, now) = (ClientIds::default(), Instant::now());
        assert!(ids.claim("x", "scout", now));
        ids.connected("x", "scout", NO_SESSION);
        assert!(ids.claim("x", "scout", now));
        ids.disconnected("x", now);
        assert!(!ids.claim("x", "mallory", now));
        ids.connected("x", "scout", NO_SESSION);
        assert!(!ids.claim("x", "mallory", now));
        ids.disconnected("x", now);
        assert!(ids.claim("x", "mallory", now));
    }

    #[test]
    fn abandoned_handshakes_do_not_pile_up() {
        let (mut ids, now) = (ClientIds::default(), Instant::now());
        for n in 0..=TIDY_ABOVE {
            assert!(ids.claim(&format!("x{n}"), "scout", now));
        }
        assert!(ids.claim("y", "scout", now + HANDSHAKE + MINUTE));
        assert_eq!(ids.held.len(), 1);
    }
}
