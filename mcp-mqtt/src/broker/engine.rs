//! The `mqtt5` broker under the embedded one: its configuration, and the [`Gate`] put into its
//! hooks. The only file that names `mqtt5`.
//!
//! What `mqtt5` asks, and when (read in its source, 0.49):
//!
//! - `authenticate` at CONNECT, with the client id that it made up when none was given;
//! - `authorize_publish` for each PUBLISH, topic alias resolved, and for a will when it fires;
//! - `authorize_subscribe` for each filter with `$share/group/` still in front, and again for each
//!   filter of a session that is resumed.
//!
//! It asks nothing on delivery. That suffices because a filter is granted only when *every* topic
//! it matches is: whatever a subscription receives later, retained messages included, its holder
//! was allowed to read. What changes is the policy: [`Engine::revoke`] then ends subscriptions.

use std::future::{Future, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use mqtt5::broker::auth::{AuthProvider, AuthResult};
use mqtt5::broker::config::{BrokerConfig, StorageBackend as StorageKind, StorageConfig};
use mqtt5::broker::events::{
    BrokerEventHandler, ClientConnectEvent, ClientDisconnectEvent, ClientSubscribeEvent,
    SubAckReasonCode, SubscriptionInfo,
};
use mqtt5::broker::router::MessageRouter;
use mqtt5::broker::storage::{DynamicStorage, StorageBackend};
use mqtt5::broker::{BrokerShutdownHandle, MqttBroker};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::protocol::v5::reason_codes::ReasonCode;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::gate::{Gate, Refusal, Visitor};
use crate::acl::Action;

/// How long a stop waits for connections to end.
const GOOD_BYE: Duration = Duration::from_secs(1);
/// How long a session may outlive its connection.
const MAX_SESSION: Duration = Duration::from_secs(3600);
/// Messages that wait for one client, on their way or while it is away.
const MAX_WAITING: usize = 1_000;
/// Bytes that wait for one client that is away.
const MAX_WAITING_BYTES: usize = 32 * 1024 * 1024;
/// Retained messages: cards, of servers, instances and tools.
const MAX_RETAINED: usize = 10_000;
const MAX_SUBSCRIPTIONS_PER_CLIENT: usize = 10_000;
/// Aliases one client may keep; `mqtt5` would allow 65 535 topics of 64 KiB each.
const MAX_TOPIC_ALIASES: u16 = 32;
/// Unreleased QoS 2 publishes of one client.
const RECEIVE_MAXIMUM: u16 = 1_024;

pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;
type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_packet_size: u32,
    pub(super) max_clients: usize,
}

/// A broker that runs.
pub(super) struct Engine {
    address: SocketAddr,
    hooks: Arc<Hooks>,
    /// Keep what [`Hooks`] holds weakly, as the router holds the hooks.
    _router: Arc<MessageRouter>,
    _storage: Option<Arc<DynamicStorage>>,
    shutdown: BrokerShutdownHandle,
    task: JoinHandle<mqtt5::error::Result<()>>,
}

impl Engine {
    /// Listens on `address`, and returns when connections are being accepted.
    pub(super) async fn start(
        address: SocketAddr,
        limits: Limits,
        gate: Arc<Gate>,
    ) -> Result<Self, Failure> {
        let hooks = Arc::new(Hooks {
            gate,
            sessions: OnceLock::new(),
        });
        // `mqtt5` binds here, and the port is read from its listener: nobody can take it between.
        let broker = MqttBroker::with_config(configuration(address, limits, &hooks)).await?;
        let address = broker.local_addr().unwrap_or(address);
        // It comes with a provider that lets everybody in (its configuration can say otherwise only with
        // a password file); nothing is accepted before `run`, which sees ours.
        let mut broker = broker.with_auth_provider(hooks.clone());
        let (router, storage) = (broker.router(), broker.storage());
        hooks.sessions.get_or_init(|| Sessions {
            router: Arc::downgrade(&router),
            storage: storage.as_ref().map_or_else(Weak::new, Arc::downgrade),
        });
        let shutdown = broker.shutdown_handle();
        let mut ready = broker.ready_receiver();
        let mut engine = Self {
            address,
            hooks,
            _router: router,
            _storage: storage,
            shutdown,
            task: tokio::spawn(async move { broker.run().await }),
        };
        if ready.wait_for(|ready| *ready).await.is_err() {
            (&mut engine.task).await??;
            return Err("it ended at once".into());
        }
        Ok(engine)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.hooks.gate
    }

    /// Ends each subscription that the rules in force do not grant.
    pub(super) async fn revoke(&self) {
        self.hooks.revoke_all().await;
    }

    /// Stops listening and closes the connections; returns when both are done. Waits no longer than
    /// [`GOOD_BYE`] for connections, as those without a CONNECT yet do not hear of it.
    pub(super) async fn stop(mut self) {
        self.shutdown.shutdown();
        match timeout(GOOD_BYE, &mut self.task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::debug!(%error, "the embedded broker ended badly"),
            Ok(Err(error)) => tracing::debug!(%error, "the embedded broker ended badly"),
            Err(_) => tracing::debug!("stopped without waiting for unfinished connections"),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // `run`, when it is dropped, tells listeners and connections to end, whatever it had reached.
        self.task.abort();
    }
}

fn configuration(address: SocketAddr, limits: Limits, hooks: &Arc<Hooks>) -> BrokerConfig {
    let storage = StorageConfig::default()
        .with_backend(StorageKind::Memory)
        .with_cleanup_interval(Duration::from_secs(60))
        .with_max_queued_messages_per_client(MAX_WAITING)
        .with_max_queued_bytes_per_client(MAX_WAITING_BYTES);
    let mut config = BrokerConfig::default()
        .with_bind_address(address)
        .with_storage(storage)
        .with_max_clients(limits.max_clients)
        .with_max_packet_size(usize::try_from(limits.max_packet_size).unwrap_or(usize::MAX))
        .with_session_expiry(MAX_SESSION)
        .with_client_channel_capacity(MAX_WAITING)
        .with_max_subscriptions_per_client(MAX_SUBSCRIPTIONS_PER_CLIENT)
        .with_max_retained_messages(MAX_RETAINED)
        .with_server_receive_maximum(RECEIVE_MAXIMUM)
        .with_sys_topics_enabled(false)
        .with_event_handler(hooks.clone());
    config.topic_alias_maximum = MAX_TOPIC_ALIASES;
    config
}

/// The gate, as `mqtt5` asks it.
struct Hooks {
    gate: Arc<Gate>,
    sessions: OnceLock<Sessions>,
}

struct Sessions {
    router: Weak<MessageRouter>,
    storage: Weak<DynamicStorage>,
}

impl Hooks {
    async fn revoke_all(&self) {
        let Some(storage) = self.sessions.get().and_then(|s| s.storage.upgrade()) else {
            return;
        };
        for client_id in storage.session_client_ids().await.unwrap_or_default() {
            self.revoke_session(&client_id).await;
        }
    }

    async fn revoke_session(&self, client_id: &str) {
        let Some(storage) = self.sessions.get().and_then(|s| s.storage.upgrade()) else {
            return;
        };
        if let Ok(Some(session)) = storage.get_session(client_id).await {
            let user = session.user_id.as_deref();
            for filter in session.subscriptions.keys() {
                if !self.gate.allows(user, Action::Subscribe, filter) {
                    self.unsubscribe(client_id, filter).await;
                }
            }
        }
    }

    async fn unsubscribe(&self, client_id: &str, filter: &str) {
        if let Some(router) = self.sessions.get().and_then(|s| s.router.upgrade())
            && router.unsubscribe(client_id, filter, None).await
        {
            tracing::debug!(
                client_id,
                ?filter,
                "ended a subscription that the policy no longer grants"
            );
        }
    }
}

impl AuthProvider for Hooks {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        address: SocketAddr,
    ) -> Answer<'a, mqtt5::error::Result<AuthResult>> {
        let visitor = Visitor {
            client_id: &connect.client_id,
            user: connect.username.as_deref(),
            password: connect.password.as_deref(),
            will_topic: connect.will.as_ref().map(|will| will.topic.as_str()),
        };
        let result = match self.gate.admit(visitor, Instant::now()) {
            Ok(user) => AuthResult::success_with_user(user),
            Err(refusal) => {
                tracing::info!(%address, client_id = ?visitor.client_id, user = ?visitor.user, "refused a client: {refusal}");
                AuthResult::fail(reason(&refusal))
            }
        };
        Box::pin(ready(Ok(result)))
    }

    fn authorize_publish<'a>(
        &'a self,
        _client_id: &str,
        user_id: Option<&'a str>,
        topic: &'a str,
    ) -> Answer<'a, bool> {
        Box::pin(ready(self.gate.allows(user_id, Action::Publish, topic)))
    }

    fn authorize_subscribe<'a>(
        &'a self,
        _client_id: &str,
        user_id: Option<&'a str>,
        topic_filter: &'a str,
    ) -> Answer<'a, bool> {
        Box::pin(ready(self.gate.allows(
            user_id,
            Action::Subscribe,
            topic_filter,
        )))
    }
}

fn reason(refusal: &Refusal) -> ReasonCode {
    match refusal {
        Refusal::UserName(_) | Refusal::Password => ReasonCode::BadUsernameOrPassword,
        Refusal::Anonymous | Refusal::Will => ReasonCode::NotAuthorized,
        Refusal::ClientId => ReasonCode::ClientIdentifierNotValid,
    }
}

fn is_granted(subscription: &&SubscriptionInfo) -> bool {
    use SubAckReasonCode::{GrantedQoS0, GrantedQoS1, GrantedQoS2};
    matches!(subscription.result, GrantedQoS0 | GrantedQoS1 | GrantedQoS2)
}

impl BrokerEventHandler for Hooks {
    fn on_client_connect(&self, event: ClientConnectEvent) -> Answer<'_, ()> {
        Box::pin(async move {
            let expiry = Duration::from_secs(event.session_expiry_interval.into());
            let user = event.user_id.as_deref().unwrap_or_default();
            self.gate.connected(&event.client_id, user, expiry);
            // Between the check of a resumed session and this event the policy may have changed.
            self.revoke_session(&event.client_id).await;
        })
    }

    fn on_client_subscribe(&self, event: ClientSubscribeEvent) -> Answer<'_, ()> {
        Box::pin(async move {
            // Between the check of a filter and this event the policy may have changed.
            for subscription in event.subscriptions.iter().filter(is_granted) {
                let filter = &subscription.topic_filter;
                if !self.gate.still_allows(&event.client_id, filter) {
                    self.unsubscribe(&event.client_id, filter).await;
                }
            }
        })
    }

    fn on_client_disconnect(&self, event: ClientDisconnectEvent) -> Answer<'_, ()> {
        self.gate.disconnected(&event.client_id, Instant::now());
        Box::pin(ready(()))
    }
}
