//! What the connection's task and the calls share: it takes the events, they read.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, watch};

use super::collector::Collector;
use super::directory::Directory;
use super::event::{self, Hooks};
use super::link::{self, Link};
use super::pending::Pending;
use crate::meter::ClientMeter;
use crate::mqtt::{ConnectionError, Event, Message, ReasonCode};
use crate::wire::{Namespace, Topic};

/// Behind the one lock; nothing waits while holding it.
#[derive(Debug)]
pub(super) struct State {
    pub(super) pending: Pending,
    pub(super) directory: Directory,
    pub(super) collector: Option<Collector>,
    /// Counts sessions, so that answers of an old one change nothing.
    pub(super) epoch: u64,
    inbox_wanted: bool,
    closed: bool,
    /// The broker kept the session over the last loss.
    resumed: bool,
    was_ready: bool,
    /// The connection was lost since then.
    was_lost: bool,
}

/// What is to be requested from the broker now.
pub(super) struct Work {
    pub(super) epoch: u64,
    pub(super) inbox: bool,
    pub(super) subscribe: Vec<String>,
    pub(super) unsubscribe: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) namespace: Namespace,
    pub(super) caller: String,
    pub(super) inbox: String,
    /// The broker keeps the session for a while when the connection is lost, and responses in it.
    pub(super) session: bool,
    pub(super) meter: ClientMeter,
    hooks: Hooks,
    state: Mutex<State>,
    link: watch::Sender<Link>,
    /// Ticks when a card or a subscription to one changed.
    changes: watch::Sender<()>,
    /// The first card on a topic reached the collector. Not the later ones: who publishes the same card again and
    /// again must not keep a discovery waiting.
    pub(super) collected: Notify,
    ignored: std::sync::atomic::AtomicU64,
}

impl Shared {
    pub(super) fn new(
        namespace: Namespace,
        caller: String,
        max_pending: usize,
        max_tools: usize,
        session: bool,
        hooks: Hooks,
    ) -> Self {
        Self {
            inbox: namespace.inbox(&caller),
            state: Mutex::new(State {
                pending: Pending::new(max_pending),
                directory: Directory::new(namespace.clone(), max_tools),
                collector: None,
                epoch: 0,
                inbox_wanted: false,
                closed: false,
                resumed: false,
                was_ready: false,
                was_lost: false,
            }),
            session,
            meter: ClientMeter::register(),
            hooks,
            namespace,
            caller,
            link: watch::Sender::new(Link::Connecting),
            changes: watch::Sender::new(()),
            collected: Notify::new(),
            ignored: std::sync::atomic::AtomicU64::new(0),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn link(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }

    /// The link as it is now. Stable while the lock is held.
    pub(super) fn link_now(&self) -> Link {
        self.link.borrow().clone()
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(*self.link.borrow(), Link::Ready)
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    pub(super) fn changed(&self) {
        self.changes.send_replace(());
    }

    /// Messages and cards that were ignored so far.
    pub(super) fn ignored(&self) -> u64 {
        self.ignored.load(std::sync::atomic::Ordering::Relaxed) + self.lock().directory.ignored()
    }

    pub(super) fn ignore(&self, topic: &str, reason: &str) {
        self.ignored
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // Both may quote what a peer sent.
        tracing::debug!(?topic, ?reason, "ignored a message");
    }

    /// Runs inside the connection's task. `true` if there may be [`Work`] now.
    pub(super) fn event(&self, event: Event) -> bool {
        match event {
            Event::Message(message) => self.message(message),
            Event::Connected { session_present } => {
                let mut state = self.lock();
                if !state.closed {
                    state.epoch += 1;
                    state.inbox_wanted = true;
                    state.resumed = session_present;
                    if !session_present {
                        state.pending.lost(&link::cause(self));
                    }
                    if !state.was_lost {
                        // One connection became two, in another session.
                        state.directory.lost();
                    }
                    self.link.send_replace(Link::Subscribing);
                }
                true
            }
            Event::Lost { error, retry_in } => {
                self.lost(error.clone(), retry_in.is_none());
                self.hooks.tell(&event::Event::Lost {
                    error: error.into(),
                    retry_in,
                });
                false
            }
        }
    }

    /// The connection is gone; with `closed` for good. What is pending ends with it, unless the broker keeps the
    /// session.
    pub(super) fn lost(&self, error: ConnectionError, closed: bool) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.closed = closed;
        state.epoch += 1;
        state.inbox_wanted = false;
        if closed || !self.session {
            state.pending.lost(&error);
        }
        state.directory.lost();
        state.was_lost = true;
        self.link.send_replace(match closed {
            true => Link::Ended(error),
            false => Link::Down(error),
        });
        // Those who wait to be sent learn of the end, or of why they wait.
        state.pending.look();
        drop(state);
        self.changed();
    }

    /// The inbox of session `epoch` was subscribed, or refused.
    pub(super) fn inbox_answered(&self, epoch: u64, answer: Result<(), ReasonCode>) {
        let mut state = self.lock();
        if state.epoch != epoch {
            return;
        }
        let ready = answer.is_ok();
        self.link.send_replace(match answer {
            Ok(()) => Link::Ready,
            Err(reason) => Link::NoInbox(reason),
        });
        state.pending.look();
        let resumed = state.resumed;
        let again = state.was_ready;
        state.was_ready |= ready;
        let was_lost = ready && std::mem::take(&mut state.was_lost);
        drop(state);
        match (ready, again) {
            (true, false) => self.hooks.tell(&event::Event::Connected),
            (true, true) if was_lost => self.hooks.tell(&event::Event::Reconnected { resumed }),
            _ => {}
        }
    }

    /// The subscriptions to these cards were answered in session `epoch`.
    pub(super) fn cards_answered(&self, epoch: u64, answers: impl Iterator<Item = (String, bool)>) {
        let now = Instant::now();
        let mut state = self.lock();
        if state.epoch == epoch {
            for (topic, granted) in answers {
                state.directory.subscribed(&topic, granted, now);
            }
            tell_of_deaths(&mut state);
        }
        drop(state);
        self.changed();
    }

    /// Takes what is to be requested; nothing while there is no session.
    pub(super) fn take_work(&self) -> Option<Work> {
        let mut state = self.lock();
        if !matches!(*self.link.borrow(), Link::Subscribing | Link::Ready) {
            return None;
        }
        Some(Work {
            epoch: state.epoch,
            inbox: std::mem::take(&mut state.inbox_wanted),
            subscribe: state.directory.take_wanted(),
            unsubscribe: state.directory.take_unwanted(),
        })
    }

    fn message(&self, message: Message) -> bool {
        if message.topic == self.inbox {
            let correlation = message.properties.correlation_data;
            if !self
                .lock()
                .pending
                .response(correlation.as_deref(), message.payload)
            {
                self.ignore(&message.topic, "no pending call has its correlation data");
            }
            return false;
        }
        match self.namespace.parse(&message.topic) {
            Some(Topic::ToolCard { tool }) => {
                let mut state = self.lock();
                let changed = state.directory.tool_card(tool, &message.payload);
                self.card_arrived(state, &message, changed)
            }
            Some(Topic::ServerCard { server }) => {
                let mut state = self.lock();
                let now = Instant::now();
                let changed = state.directory.server_card(server, &message.payload, now);
                tell_of_deaths(&mut state);
                self.card_arrived(state, &message, changed)
            }
            Some(Topic::InstanceCard { server, instance }) => {
                let mut state = self.lock();
                let changed = state.directory.instance_card(
                    (server, instance),
                    &message.payload,
                    message.properties.message_expiry,
                    Instant::now(),
                );
                tell_of_deaths(&mut state);
                drop(state);
                if changed {
                    self.changed();
                }
                false
            }
            Some(Topic::Stream { tool, call_id }) => {
                if message.retain {
                    self.ignore(&message.topic, "partial results are not retained");
                } else if !self.lock().pending.partial(tool, call_id, message.payload) {
                    self.ignore(&message.topic, "no pending call streams there");
                }
                false
            }
            _ => {
                self.ignore(&message.topic, "nothing is expected on this topic");
                false
            }
        }
    }

    fn card_arrived(
        &self,
        mut state: MutexGuard<'_, State>,
        message: &Message,
        changed: bool,
    ) -> bool {
        let collector = state.collector.as_mut();
        let collected = collector.map(|c| c.take(&message.topic, &message.payload));
        drop(state);
        match collected {
            Some(Ok(true)) => self.collected.notify_one(),
            Some(Err(reason)) => self.ignore(&message.topic, &reason),
            Some(Ok(false)) | None => {}
        }
        if changed {
            self.changed();
        }
        // A tool's first card makes its server's card wanted.
        changed
    }
}

/// A process of a server died: each call finds out whether that is about itself.
fn tell_of_deaths(state: &mut State) {
    if state.directory.take_death() {
        state.pending.look();
    }
}
