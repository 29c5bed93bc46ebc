//! Finding tools and servers by their retained cards.

use std::time::{Duration, Instant};

use tokio::sync::MutexGuard;

use super::collector::Collector;
use super::guard::Watched;
use super::link::{self, Link, NotReady};
use super::route::{ABSENT_AFTER, Sight};
use super::stall::{self, Pass};
use super::{Client, cards, subscriptions};
use crate::grammar::{self, NameFault};
use crate::mqtt::{ConnectionError, ReasonCode, RequestError};
use crate::wire::{ServerCard, Status, ToolCard, Topic};

/// The cards are in when the barrier was answered and none of another tool or server arrived for this long:
/// brokers may send retained messages a moment after the SUBACK.
const QUIET: Duration = Duration::from_millis(50);

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
    #[error("the tool name `{}` {fault}; {}", .tool.escape_default(), super::error::TOOL_NAME)]
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
    /// the card of another tool. Should cards of ever more tools arrive until the client's timeout,
    /// those that are in by then are returned. Cards that do not fit their topic, are larger than
    /// 256 KiB, or come when 64 MiB are in, are [ignored](Self::ignored).
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
        let _pass = self.pass(deadline).await?;
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
                (Sight::Missing { since }, _) if now >= since + ABSENT_AFTER => {
                    return Err(DiscoveryError::NotFound {
                        tool: tool.to_owned(),
                        caller: shared.caller.clone(),
                        topic,
                    });
                }
                (Sight::Missing { since }, _) => Some(since + ABSENT_AFTER),
                (Sight::Pending(until), _) => until,
                _ => None,
            };
            if let Link::Down(error) | Link::Ended(error) = shared.link_now() {
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
        let _pass = self.pass(deadline).await?;
        let cards = self.collect(tools, deadline).await?;
        let mut found = (Vec::new(), Vec::new());
        for (topic, payload) in cards.into_cards() {
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

    async fn collect(&self, tools: bool, deadline: Instant) -> Result<Collector, DiscoveryError> {
        let shared = &self.inner.shared;
        let asking = tokio::time::timeout_at(deadline.into(), self.ask(tools, deadline));
        let collection = asking.await.map_err(|_| self.too_late())??;
        let quiet = async {
            while tokio::time::timeout(QUIET, shared.collected.notified())
                .await
                .is_ok()
            {}
        };
        if tokio::time::timeout_at(deadline.into(), quiet)
            .await
            .is_err()
        {
            tracing::warn!("cards still arrived when the time for it was up: there may be more");
        }
        let mut state = shared.lock();
        if state.epoch != collection.epoch {
            drop(state);
            return Err(DiscoveryError::Connection(link::cause(shared)));
        }
        Ok(state.collector.take().unwrap_or_default())
    }

    /// Subscribes to the cards. When this returns, the broker has begun to send them.
    async fn ask(&self, tools: bool, deadline: Instant) -> Result<Collection<'_>, DiscoveryError> {
        let shared = &self.inner.shared;
        let connection = &self.inner.connection;
        self.ready(deadline).await?;
        let collection = Collection::begin(self).await;
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
        let barrier = subscriptions::inbox(shared);
        connection
            .subscribe(vec![barrier])
            .await
            .map_err(|error| self.failed(error))?;
        Ok(collection)
    }

    fn deadline(&self) -> Instant {
        link::deadline(Instant::now(), self.inner.timeout)
    }

    async fn pass(&self, deadline: Instant) -> Result<Pass<'_>, DiscoveryError> {
        let pass = stall::pass(&self.inner, deadline).await;
        pass.ok_or_else(|| self.too_late())
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
        if error.is_loss() {
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
    /// The session that it began in.
    epoch: u64,
    _alone: MutexGuard<'a, ()>,
}

impl<'a> Collection<'a> {
    async fn begin(client: &'a Client) -> Self {
        let alone = client.inner.discovery.lock().await;
        let mut state = client.inner.shared.lock();
        state.collector = Some(Collector::default());
        Self {
            client,
            epoch: state.epoch,
            _alone: alone,
        }
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
        self.client.inner.shared.lock().collector = None;
        // Queued at once; a card that still arrives goes to the directory or is ignored.
        drop(self.client.inner.connection.unsubscribe(self.filters(true)));
    }
}
