//! Finding tools and servers by their retained cards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::guard::Watched;
use super::link::{self, Link, NotReady};
use super::route::Sight;
use super::shared::{Collector, Shared};
use super::{Client, cards, subscriptions};
use crate::grammar::{self, NameFault};
use crate::mqtt::{ConnectionError, Qos, ReasonCode, RequestError, RetainHandling, Subscription};
use crate::wire::{ServerCard, Status, ToolCard, Topic};

/// The cards are in when the barrier was answered and none arrived for this long: brokers may send
/// retained messages a moment after the SUBACK.
const QUIET: Duration = Duration::from_millis(50);

/// A tool without a card for this long after the SUBACK has none.
const MISSING_AFTER: Duration = Duration::from_millis(250);

/// Why tools or servers could not be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// The policy does not let this caller look for what it does not know. Hardened policies grant
    /// the cards of the caller's own tools by exact name only.
    #[error(
        "the broker refuses `{caller}` the subscription to `{filter}` ({reason}): ask for one card by its name with `tool_card`, or grant it"
    )]
    Unauthorized {
        /// The identity that was refused.
        caller: String,
        /// What it may not subscribe to.
        filter: String,
        /// The reason code of the SUBACK in words.
        reason: String,
    },
    /// There is no such card, or the broker keeps it from this caller without saying so.
    #[error(
        "no card of `{tool}` arrived: no server offers the tool, or `{caller}` may not subscribe to `{topic}`"
    )]
    NotFound {
        /// The tool.
        tool: String,
        /// Who asked.
        caller: String,
        /// Where the card would be.
        topic: String,
    },
    /// The cards were not in within the client's timeout.
    #[error("the cards did not arrive within {}; set a longer timeout", humantime::format_duration(*.after))]
    Timeout {
        /// The limit.
        after: Duration,
    },
    /// There is no connection to the broker, or it was lost meanwhile.
    #[error("there is no connection to the broker; try again once it is back")]
    Connection(#[source] ConnectionError),
    /// The broker did not take the request.
    #[error("the broker did not take the request: {reason}")]
    NotTaken {
        /// Its reason in words.
        reason: String,
    },
    /// No tool can have this name.
    #[error("the tool name `{}` {fault}", .tool.escape_default())]
    InvalidName {
        /// The name.
        tool: String,
        /// What is wrong with it.
        fault: NameFault,
    },
}

impl Client {
    /// The cards of all tools that this caller may see, sorted by name. One whose server is offline
    /// says offline, too.
    ///
    /// Costs a wildcard subscription for as long as it takes: the round trips, and 50 ms without
    /// another card. Cards that do not fit their topic, or are larger than 256 KiB, are ignored.
    ///
    /// # Errors
    ///
    /// [`DiscoveryError::Unauthorized`] where the policy denies the wildcard; see
    /// [`tool_card`](Self::tool_card) then. On brokers that grant every subscription and filter on
    /// delivery, only the cards that the policy allows arrive.
    pub async fn tools(&self) -> Result<Vec<ToolCard>, DiscoveryError> {
        let (mut tools, servers) = self.discover(true).await?;
        for tool in &mut tools {
            let offline = |s: &ServerCard| s.server == tool.server && s.status != Status::Online;
            if servers.iter().any(offline) {
                tool.status = Status::Offline;
            }
        }
        Ok(tools)
    }

    /// The cards of all servers that this caller may see, sorted by name.
    ///
    /// # Errors
    ///
    /// As [`tools`](Self::tools).
    pub async fn servers(&self) -> Result<Vec<ServerCard>, DiscoveryError> {
        Ok(self.discover(false).await?.1)
    }

    /// The card of one tool. It says offline if the card of its server does.
    ///
    /// # Errors
    ///
    /// [`DiscoveryError::NotFound`] if none arrives within 250 ms of the broker's answer,
    /// [`DiscoveryError::Unauthorized`] if the broker refuses the subscription.
    pub async fn tool_card(&self, tool: &str) -> Result<ToolCard, DiscoveryError> {
        grammar::tool(tool).map_err(|fault| DiscoveryError::InvalidName {
            tool: tool.to_owned(),
            fault,
        })?;
        let shared = &self.inner.shared;
        let deadline = self.deadline();
        self.ready(deadline).await?;
        let _watched = Watched::new(&self.inner, tool);
        let mut changes = shared.changes();
        loop {
            changes.borrow_and_update();
            let now = Instant::now();
            let (sight, card) = {
                let state = shared.lock();
                (state.directory.sight(tool, now), state.directory.card(tool))
            };
            let topic = shared.namespace.tool_card(tool);
            let until = match (sight, card) {
                (Sight::Online { .. }, Some(card)) => return Ok(ToolCard::clone(&card)),
                (Sight::Offline, Some(card)) => {
                    let mut card = ToolCard::clone(&card);
                    card.status = Status::Offline;
                    return Ok(card);
                }
                (Sight::Hidden, _) => {
                    return Err(self.unauthorized(topic, ReasonCode::NOT_AUTHORIZED));
                }
                (Sight::Missing { since }, _) if now >= since + MISSING_AFTER => {
                    return Err(DiscoveryError::NotFound {
                        tool: tool.to_owned(),
                        caller: shared.caller.clone(),
                        topic,
                    });
                }
                (Sight::Missing { since }, _) => Some(since + MISSING_AFTER),
                (Sight::Pending(until), _) => until,
                _ => None,
            };
            if let Link::Down(error) = shared.link_now() {
                return Err(DiscoveryError::Connection(error));
            }
            if now >= deadline {
                return Err(self.too_late());
            }
            let wake = until.unwrap_or(deadline).min(deadline);
            // Either way there is something new to look at.
            let _ = tokio::time::timeout_at(wake.into(), changes.changed()).await;
        }
    }

    async fn discover(
        &self,
        tools: bool,
    ) -> Result<(Vec<ToolCard>, Vec<ServerCard>), DiscoveryError> {
        let deadline = self.deadline();
        let collecting = self.collect(tools, deadline);
        let cards = tokio::time::timeout_at(deadline.into(), collecting).await;
        let mut found = (Vec::new(), Vec::new());
        for (topic, payload) in cards.map_err(|_| self.too_late())?? {
            // An empty payload takes a card back.
            if payload.is_empty() {
                continue;
            }
            let shared = &self.inner.shared;
            let namespace = &shared.namespace;
            let read = match namespace.parse(&topic) {
                Some(Topic::ToolCard { tool }) => {
                    cards::tool(namespace, tool, &payload).map(|card| found.0.push(card))
                }
                Some(Topic::ServerCard { server }) => {
                    cards::server(namespace, server, &payload).map(|card| found.1.push(card))
                }
                _ => Ok(()),
            };
            if let Err(reason) = read {
                shared.ignore(&topic, &reason);
            }
        }
        found.0.sort_by(|a, b| a.tool.cmp(&b.tool));
        found.1.sort_by(|a, b| a.server.cmp(&b.server));
        Ok(found)
    }

    async fn collect(
        &self,
        tools: bool,
        deadline: Instant,
    ) -> Result<Vec<(String, Bytes)>, DiscoveryError> {
        let shared = &self.inner.shared;
        let connection = &self.inner.connection;
        self.ready(deadline).await?;
        let _alone = self.inner.discovery.lock().await;
        let collection = Collection::begin(self);
        let epoch = shared.lock().epoch;
        for filter in collection.filters(tools) {
            let granted = connection
                .subscribe(vec![subscriptions::card(&filter)])
                .await;
            let granted = granted.map_err(|error| self.failed(error))?;
            if let Some(reason) = granted.into_iter().find_map(Result::err) {
                // The servers only correct the tools' status.
                if tools && filter == shared.namespace.server_card("+") {
                    continue;
                }
                return Err(self.unauthorized(filter, reason));
            }
        }
        // What the broker sends in order is in when it answers a later request.
        let barrier = Subscription {
            filter: shared.inbox.clone(),
            qos: Qos::AtLeastOnce,
            no_local: false,
            retain: RetainHandling::Never,
        };
        connection
            .subscribe(vec![barrier])
            .await
            .map_err(|error| self.failed(error))?;
        while tokio::time::timeout(QUIET, shared.collected.notified())
            .await
            .is_ok()
        {}
        let mut state = shared.lock();
        if state.epoch != epoch {
            drop(state);
            return Err(DiscoveryError::Connection(link::cause(shared)));
        }
        Ok(state
            .collector
            .take()
            .unwrap_or_default()
            .cards
            .into_iter()
            .collect())
    }

    fn deadline(&self) -> Instant {
        link::deadline(Instant::now(), self.inner.timeout)
    }

    async fn ready(&self, deadline: Instant) -> Result<(), DiscoveryError> {
        link::ready(&self.inner.shared, deadline)
            .await
            .map_err(|error| match error {
                NotReady::Down(error) => DiscoveryError::Connection(error),
                NotReady::NoInbox(reason) => {
                    self.unauthorized(self.inner.shared.inbox.clone(), reason)
                }
                NotReady::Timeout => self.too_late(),
            })
    }

    fn too_late(&self) -> DiscoveryError {
        DiscoveryError::Timeout {
            after: self.inner.timeout,
        }
    }

    fn unauthorized(&self, filter: String, reason: ReasonCode) -> DiscoveryError {
        DiscoveryError::Unauthorized {
            caller: self.caller().to_owned(),
            filter,
            reason: reason.to_string(),
        }
    }

    fn failed(&self, error: RequestError) -> DiscoveryError {
        if subscriptions::is_loss(&error) {
            return DiscoveryError::Connection(link::cause(&self.inner.shared));
        }
        DiscoveryError::NotTaken {
            reason: error.to_string(),
        }
    }
}

/// While it lives, cards go to the collector; then the wildcards are unsubscribed.
struct Collection<'a> {
    client: &'a Client,
}

impl<'a> Collection<'a> {
    fn begin(client: &'a Client) -> Self {
        client.inner.shared.lock().collector = Some(Collector::default());
        Self { client }
    }

    /// The servers come first, so that all of them are known when the tools are in.
    fn filters(&self, tools: bool) -> Vec<String> {
        let namespace = &self.client.inner.shared.namespace;
        let mut filters = vec![namespace.server_card("+")];
        if tools {
            filters.push(namespace.tool_card("+"));
        }
        filters
    }
}

impl Drop for Collection<'_> {
    fn drop(&mut self) {
        let shared: &Arc<Shared> = &self.client.inner.shared;
        shared.lock().collector = None;
        // Queued at once; a card that still arrives goes to the directory or is ignored.
        drop(self.client.inner.connection.unsubscribe(self.filters(true)));
    }
}
