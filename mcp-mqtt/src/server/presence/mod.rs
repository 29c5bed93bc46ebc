//! Presence: cards that stay online while any instance of the server lives, and go offline with the last.
//!
//! | File | Holds |
//! |---|---|
//! | `machine`, `peers` | what is asked of this instance, by what it has seen (no I/O) |
//! | `sight` | what a card that came says |
//! | `keep` | subscribing, publishing, waiting |

mod keep;
mod machine;
mod peers;
mod sight;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::cards;
use super::instance::Instance;
use super::shared::Shared;
use crate::mqtt::Message;
use crate::random;
use crate::wire::{ServerExtra, Status, Topic};
pub(super) use keep::{arrive, echo, keep, leave, part, vanish};
pub(super) use machine::Card;
use machine::Machine;
use sight::Sight;

/// The presence of this instance, for the tasks that share it.
pub(super) struct Presence {
    machine: Mutex<Machine>,
    changed: Notify,
    /// How many sessions in a row ended before it was known whether the broker shows own cards.
    lost: AtomicU32,
    /// It was told that the broker does not.
    warned: AtomicBool,
}

impl Presence {
    pub(super) fn new(me: Instance) -> Self {
        let [part] = random::bytes().unwrap_or_default();
        let jitter = Duration::from_millis(u64::from(part) * 100 / 256);
        Self {
            machine: Mutex::new(Machine::new(me, jitter)),
            changed: Notify::new(),
            lost: AtomicU32::new(0),
            warned: AtomicBool::new(false),
        }
    }

    /// Changes something, and wakes those who wait for that.
    fn change<T>(&self, change: impl FnOnce(&mut Machine) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_waiters();
        result
    }

    /// Waits until `done` has something to say.
    async fn until<T>(&self, done: impl Fn(&Machine) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(result) = done(&self.lock()) {
                return result;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        // Nothing in here panics while it holds the lock, so a poisoned one is whole.
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told once, however many cards the broker refuses or does not show.
    fn warn(&self, why: &dyn std::fmt::Display) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %why,
                "replicas of this server cannot see each other: its cards go offline when one of them \
                 ends; load the policy that `acl` exports"
            );
        }
    }
}

/// A new session: what was seen on the last one may not be there.
pub(super) fn connected(shared: &Shared) {
    shared.presence.change(|m| m.connected(all_cards(shared)));
}

/// Takes in a message if it is a card that this server shares with its instances.
pub(super) fn saw(shared: &Shared, topic: Topic<'_>, message: &Message) -> bool {
    let (me, now) = (&shared.identity, Instant::now());
    let presence = &shared.presence;
    match topic {
        Topic::ServerCard { server } if server == me.name => {
            let own = cards::server_card(me, &shared.registry, Status::Online, own_extra(shared));
            let sight = Sight::of(&message.payload, &own);
            let gone = sight::gone(&message.payload);
            presence.change(|m| {
                if let Some(gone) = gone {
                    m.saw_gone(&gone, now);
                }
                m.saw(Card::Server, sight, now);
            });
        }
        Topic::ToolCard { tool } => {
            let Some(own) = shared.registry.get(tool) else {
                return false;
            };
            let own = cards::tool_card(me, own, Status::Online);
            let sight = Sight::of(&message.payload, &own);
            presence.change(|m| m.saw(Card::Tool(tool.to_owned()), sight, now));
        }
        Topic::InstanceCard { server, instance } if server == me.name => {
            if instance == shared.instance.name {
                let number = keep::number(message);
                presence.change(|m| m.saw_own(number, now));
            } else {
                let card = sight::instance_card(&message.payload, server, instance);
                let card = card.map(|card| (card.started_ms, card.status));
                presence.change(|m| m.saw_peer(instance, card, now));
            }
        }
        _ => return false,
    }
    true
}

/// The cards that all instances of the server share.
pub(super) fn all_cards(shared: &Shared) -> impl Iterator<Item = Card> {
    let tools = shared.registry.iter();
    let tools = tools.map(|tool| Card::Tool(tool.name().to_owned()));
    std::iter::once(Card::Server).chain(tools)
}

/// What this instance says of itself in the Server Card.
pub(super) fn own_extra(shared: &Shared) -> ServerExtra {
    ServerExtra::of(&shared.instance.name, shared.instance.started_ms)
}
