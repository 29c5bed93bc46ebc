//! What is known of tools and servers from their cards: a state object that asks for subscriptions
//! and is told what arrived.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::instances::{Deaths, Instances};
use super::route::{CARD_GRACE, Sight};
use super::{cards, ending};
use crate::grammar;
use crate::wire::{InstanceStatus, Namespace, ServerCard, Status, ToolCard, Topic};

/// All cards together are at most this many bytes; what goes beyond is ignored.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The subscription to one card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    /// To be subscribed in this session.
    Wanted,
    /// On its way.
    Asked,
    Granted(Instant),
    Refused,
}

#[derive(Debug)]
struct Entry<C> {
    watch: Watch,
    card: Option<Arc<C>>,
    size: usize,
    /// Who needs it: calls of a tool, tools of a server.
    users: usize,
    used: u64,
    /// Running the tool twice does no harm, by the last card that there was, in whatever session.
    repeatable: bool,
}

/// The instances of a server, and the one subscription to all their cards.
#[derive(Debug)]
struct Replicas {
    watch: Watch,
    instances: Instances,
}

/// The known cards of the tools that were called, and of their servers.
#[derive(Debug)]
pub(super) struct Directory {
    namespace: Namespace,
    capacity: usize,
    tools: HashMap<String, Entry<ToolCard>>,
    servers: HashMap<String, Entry<ServerCard>>,
    /// Of those servers of this kind that a tool is known of.
    replicas: HashMap<String, Replicas>,
    /// An instance died, or may have, and the calls were not told yet.
    death: bool,
    unwanted: Vec<String>,
    bytes: usize,
    clock: u64,
    ignored: u64,
}

impl Directory {
    /// An empty directory that keeps `capacity` tools, more only while all of them are in use.
    pub(super) fn new(namespace: Namespace, capacity: usize) -> Self {
        Self {
            namespace,
            capacity,
            tools: HashMap::new(),
            servers: HashMap::new(),
            replicas: HashMap::new(),
            death: false,
            unwanted: Vec::new(),
            bytes: 0,
            clock: 0,
            ignored: 0,
        }
    }

    /// A call of `tool` begins. `true` if there is something to subscribe or unsubscribe now.
    pub(super) fn acquire(&mut self, tool: &str) -> bool {
        self.clock += 1;
        if let Some(entry) = self.tools.get_mut(tool) {
            entry.users += 1;
            entry.used = self.clock;
            return false;
        }
        if self.tools.len() >= self.capacity {
            self.evict();
        }
        let mut entry = Entry::new();
        entry.users = 1;
        entry.used = self.clock;
        self.tools.insert(tool.to_owned(), entry);
        true
    }

    /// A call of `tool` ended.
    pub(super) fn release(&mut self, tool: &str) {
        if let Some(entry) = self.tools.get_mut(tool) {
            entry.users = entry.users.saturating_sub(1);
        }
    }

    /// The card topics to subscribe to; each is handed out once a session.
    pub(super) fn take_wanted(&mut self) -> Vec<String> {
        let tools = self
            .tools
            .iter_mut()
            .filter_map(|(name, entry)| entry.ask().then(|| self.namespace.tool_card(name)));
        // Before the server's own card, which means little without.
        let replicas = self.replicas.iter_mut().filter_map(|(name, replicas)| {
            let wanted = self.servers.contains_key(name) && replicas.watch.ask();
            wanted.then(|| self.namespace.instance_cards(name))
        });
        let mut wanted: Vec<_> = tools.chain(replicas).collect();
        let servers = self
            .servers
            .iter_mut()
            .filter_map(|(name, entry)| entry.ask().then(|| self.namespace.server_card(name)));
        wanted.extend(servers);
        wanted
    }

    /// The card topics to unsubscribe from.
    pub(super) fn take_unwanted(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unwanted)
    }

    /// The broker answered the subscription to a topic of [`take_wanted`](Self::take_wanted).
    pub(super) fn subscribed(&mut self, topic: &str, granted: bool, now: Instant) {
        let answer = if granted {
            Watch::Granted(now)
        } else {
            Watch::Refused
        };
        if let Some(server) = topic.strip_suffix("/instances/+") {
            let server = server.rsplit('/').next().unwrap_or_default();
            if let Some(replicas) = self.replicas.get_mut(server) {
                replicas.watch = answer;
                if granted {
                    replicas.instances.granted(now);
                    self.death = true;
                }
            }
            return;
        }
        match self.namespace.parse(topic) {
            Some(Topic::ToolCard { tool }) => {
                if let Some(entry) = self.tools.get_mut(tool) {
                    entry.watch = answer;
                }
            }
            Some(Topic::ServerCard { server }) => {
                if let Some(entry) = self.servers.get_mut(server) {
                    entry.watch = answer;
                }
            }
            _ => {}
        }
    }

    /// The session is gone: what was seen may be outdated, and everything is to be subscribed anew.
    pub(super) fn lost(&mut self) {
        self.bytes = 0;
        // What is known of processes is kept, over further losses as well: calls may be with them still.
        if self.replicas.len() > self.capacity {
            self.replicas
                .retain(|server, _| self.servers.contains_key(server));
        }
        for replicas in self.replicas.values_mut() {
            replicas.watch = Watch::Wanted;
            replicas.instances.lost();
        }
        self.servers.clear();
        self.unwanted.clear();
        for entry in self.tools.values_mut() {
            entry.watch = Watch::Wanted;
            entry.card = None;
            entry.size = 0;
        }
    }

    /// A message on the card topic of `tool`. `true` if something changed for calls.
    pub(super) fn tool_card(&mut self, tool: &str, payload: &[u8]) -> bool {
        let Some(entry) = self.tools.get_mut(tool) else {
            return false;
        };
        let card = match fitting(payload, self.bytes - entry.size, |p| {
            cards::tool(&self.namespace, tool, p)
        }) {
            Ok(card) => card,
            Err(reason) => {
                self.ignored += 1;
                tracing::debug!(tool, ?reason, "ignored a tool card");
                return false;
            }
        };
        let before = entry.card.as_ref().map(|c| c.server.clone());
        let after = card.as_ref().map(|c| c.server.clone());
        let ours = card.as_ref().filter(|card| card.extra.is_some());
        let ours = ours.map(|card| card.server.clone());
        self.bytes = self.bytes - entry.size + payload.len();
        entry.size = payload.len();
        if let Some(card) = &card {
            entry.repeatable = ending::is_repeatable(card);
        }
        entry.card = card.map(Arc::new);
        if before != after {
            // The new server first, so that a server with one tool is not dropped and taken again.
            if let Some(server) = after {
                self.servers.entry(server).or_insert_with(Entry::new).users += 1;
            }
            self.drop_server(before);
        }
        if let Some(server) = ours {
            self.replicas.entry(server).or_insert_with(|| Replicas {
                watch: Watch::Wanted,
                instances: Instances::default(),
            });
        }
        true
    }

    /// A message on the card topic of `server`. `true` if something changed for calls.
    pub(super) fn server_card(&mut self, server: &str, payload: &[u8], now: Instant) -> bool {
        let Some(entry) = self.servers.get_mut(server) else {
            return false;
        };
        match fitting(payload, self.bytes - entry.size, |p| {
            cards::server(&self.namespace, server, p)
        }) {
            Ok(card) => {
                self.bytes = self.bytes - entry.size + payload.len();
                entry.size = payload.len();
                entry.card = card.map(Arc::new);
                self.heard_of(server, now);
                true
            }
            Err(reason) => {
                self.ignored += 1;
                tracing::debug!(server, ?reason, "ignored a server card");
                false
            }
        }
    }

    /// What a new card of `server` says of its instances.
    fn heard_of(&mut self, server: &str, now: Instant) {
        let Some(Replicas { instances, .. }) = self.replicas.get_mut(server) else {
            return;
        };
        let Some(card) = self.servers.get(server).and_then(|e| e.card.as_ref()) else {
            return;
        };
        let offline = card.status != Status::Online;
        instances.server(offline, now);
        let gone = card.extra.as_ref().and_then(|extra| extra.gone.as_ref());
        if let Some(gone) = gone.filter(|name| offline && grammar::server(name).is_ok()) {
            self.ignored += u64::from(!instances.gone(gone, now));
            self.death = true;
        }
    }

    /// A message on the card topic of an instance of `server`; `expiry` is what the broker says is left of it. `true`
    /// if something changed for calls.
    pub(super) fn instance_card(
        &mut self,
        (server, instance): (&str, &str),
        payload: &[u8],
        expiry: Option<u32>,
        now: Instant,
    ) -> bool {
        let Some(Replicas { instances, .. }) = self.replicas.get_mut(server) else {
            return false;
        };
        let status = match payload {
            [] => Ok(None),
            card => cards::instance(server, instance, card).map(|card| Some(card.status)),
        };
        let taken = status.and_then(|status| {
            self.death |= matches!(status, None | Some(InstanceStatus::Offline));
            let known = instances.card(instance, status, expiry, now);
            known
                .then_some(())
                .ok_or_else(|| "too many instances".to_owned())
        });
        if let Err(reason) = &taken {
            self.ignored += 1;
            tracing::debug!(server, instance, ?reason, "ignored an instance card");
        }
        taken.is_ok()
    }

    /// `instance` of `server` says that it has a call.
    pub(super) fn noticed(&mut self, server: &str, instance: &str, now: Instant) {
        if let Some(replicas) = self.replicas.get_mut(server) {
            replicas.instances.noticed(instance, now);
        }
    }

    /// Which instances of `server` died, for a call that `holder` has.
    pub(super) fn deaths(&self, server: &str, holder: Option<&str>) -> Deaths {
        let replicas = self.replicas.get(server);
        replicas.map_or_else(Deaths::default, |r| r.instances.deaths(holder))
    }

    /// Whether the calls are to look at [`deaths`](Self::deaths); told once.
    pub(super) fn take_death(&mut self) -> bool {
        std::mem::take(&mut self.death)
    }

    /// Whether and how `tool` can be called.
    pub(super) fn sight(&self, tool: &str, now: Instant) -> Sight {
        let Some(entry) = self.tools.get(tool) else {
            return Sight::Pending(None);
        };
        let Some(card) = &entry.card else {
            return match entry.watch {
                Watch::Wanted | Watch::Asked => Sight::Pending(None),
                Watch::Granted(since) => Sight::Missing { since },
                Watch::Refused => Sight::Hidden,
            };
        };
        let online = Sight::of(card);
        if card.status != Status::Online {
            return Sight::Offline;
        }
        let Some(server) = self.servers.get(&card.server) else {
            return online;
        };
        match (&server.card, server.watch) {
            (Some(server), _) if server.status != Status::Online => {
                self.offline(&server.server, now).unwrap_or(online)
            }
            (Some(_), _) | (None, Watch::Refused) => online,
            (None, Watch::Wanted | Watch::Asked) => Sight::Pending(None),
            (None, Watch::Granted(since)) if now < since + CARD_GRACE => {
                Sight::Pending(Some(since + CARD_GRACE))
            }
            // A server that shows no card leaves its tool's card as the only word.
            (None, Watch::Granted(_)) => online,
        }
    }

    /// What the offline card of `server` means; `None` for nothing.
    fn offline(&self, server: &str, now: Instant) -> Option<Sight> {
        let Some(Replicas { watch, instances }) = self.replicas.get(server) else {
            return Some(Sight::Offline);
        };
        match *watch {
            _ if instances.flapping(now).is_some() => None,
            Watch::Wanted | Watch::Asked => Some(Sight::Pending(None)),
            Watch::Granted(since) if now < since + CARD_GRACE => {
                Some(Sight::Pending(Some(since + CARD_GRACE)))
            }
            Watch::Granted(_) | Watch::Refused => Some(Sight::Offline),
        }
    }

    /// The card of `tool`, as it was published.
    pub(super) fn card(&self, tool: &str) -> Option<Arc<ToolCard>> {
        self.tools.get(tool)?.card.clone()
    }

    /// Whether running `tool` twice does no harm, by the last card that there was: a broker that starts anew has none.
    pub(super) fn is_repeatable(&self, tool: &str) -> bool {
        self.tools.get(tool).is_some_and(|entry| entry.repeatable)
    }

    /// Whether the server of `tool` went offline just now.
    pub(super) fn went_lately(&self, tool: &str, now: Instant) -> bool {
        let card = self.tools.get(tool).and_then(|entry| entry.card.as_ref());
        let replicas = card.and_then(|card| self.replicas.get(&card.server));
        replicas.is_some_and(|replicas| replicas.instances.went_lately(now))
    }

    /// Cards that were none, so far.
    pub(super) fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Forgets the tool that was not called for the longest time and is in no call now.
    fn evict(&mut self) {
        let idle = self.tools.iter().filter(|(_, entry)| entry.users == 0);
        let Some(tool) = idle
            .min_by_key(|(_, entry)| entry.used)
            .map(|(name, _)| name.clone())
        else {
            return;
        };
        if let Some(entry) = self.tools.remove(&tool) {
            self.bytes -= entry.size;
            self.unwanted.push(self.namespace.tool_card(&tool));
            self.drop_server(entry.card.map(|c| c.server.clone()));
        }
    }

    fn drop_server(&mut self, server: Option<String>) {
        let Some(server) = server else { return };
        let Some(entry) = self.servers.get_mut(&server) else {
            return;
        };
        entry.users = entry.users.saturating_sub(1);
        if entry.users == 0 {
            self.bytes -= entry.size;
            self.servers.remove(&server);
            self.unwanted.push(self.namespace.server_card(&server));
            if self.replicas.remove(&server).is_some() {
                self.unwanted.push(self.namespace.instance_cards(&server));
            }
        }
    }
}

/// Reads a card unless the directory would outgrow its bound; an empty payload is a card taken back.
fn fitting<C>(
    payload: &[u8],
    others: usize,
    read: impl FnOnce(&[u8]) -> Result<C, String>,
) -> Result<Option<C>, String> {
    if payload.is_empty() {
        return Ok(None);
    }
    if others + payload.len() > MAX_BYTES {
        return Err(format!("the known cards have {MAX_BYTES} bytes already"));
    }
    read(payload).map(Some)
}

impl<C> Entry<C> {
    fn new() -> Self {
        Self {
            watch: Watch::Wanted,
            card: None,
            size: 0,
            users: 0,
            used: 0,
            repeatable: false,
        }
    }

    fn ask(&mut self) -> bool {
        self.watch.ask()
    }
}

impl Watch {
    /// `true` the first time that somebody asks in a session.
    fn ask(&mut self) -> bool {
        let wanted = *self == Self::Wanted;
        if wanted {
            *self = Self::Asked;
        }
        wanted
    }
}

#[cfg(test)]
mod tests;
