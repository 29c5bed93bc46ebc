//! The three requests of a client as one trait: how each is checked, handed to rumqttc, and waited for.

use rumqttc::v5::AsyncClient;
use rumqttc::v5::mqttbytes::v5::Subscribe;
use tokio::sync::oneshot;

use super::error::RequestError;
use super::ledger::{Failed, Grants, Outcome, Told, Waiter};
use super::limits::Limits;
use super::packet::{Publish, Published, Subscription};

/// What a connection is for, where there are two. A connection that is the only one is the publishing one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Publishing,
    Subscribing,
}

pub(super) trait Request: Send + 'static {
    type Answer: Send + 'static;

    /// Which of two connections it goes over.
    const ROLE: Role;

    /// Whether the broker can take it.
    fn check(&self, limits: &Limits) -> Result<(), RequestError>;

    fn waiter(&mut self, to: oneshot::Sender<Outcome<Self::Answer>>) -> Waiter;

    /// Into the queue, without waiting; `false` if that is not possible.
    fn send(self, client: &AsyncClient) -> bool;
}

impl Request for Publish {
    type Answer = Published;
    const ROLE: Role = Role::Publishing;

    fn check(&self, limits: &Limits) -> Result<(), RequestError> {
        limits.check_publish(self)
    }

    fn waiter(&mut self, to: oneshot::Sender<Outcome<Published>>) -> Waiter {
        Waiter::Publish(self.qos, Told::Always(to))
    }

    fn send(self, client: &AsyncClient) -> bool {
        let (topic, qos, retain, payload, properties) = self.into_parts();
        match properties {
            None => client.try_publish(topic, qos, retain, payload),
            Some(properties) => {
                client.try_publish_with_properties(topic, qos, retain, payload, properties)
            }
        }
        .is_ok()
    }
}

/// A publish that nobody waits for.
pub(super) struct Unawaited(pub(super) Publish, pub(super) Option<Failed>);

impl Request for Unawaited {
    type Answer = ();
    const ROLE: Role = Publish::ROLE;

    fn check(&self, limits: &Limits) -> Result<(), RequestError> {
        limits.check_publish(&self.0)
    }

    fn waiter(&mut self, _: oneshot::Sender<Outcome<()>>) -> Waiter {
        Waiter::Publish(self.0.qos, Told::OfFailure(self.1.take()))
    }

    fn send(self, client: &AsyncClient) -> bool {
        self.0.send(client)
    }
}

/// One SUBSCRIBE packet.
pub(super) struct SubscribeAll(pub(super) Vec<Subscription>);

impl Request for SubscribeAll {
    type Answer = Grants;
    const ROLE: Role = Role::Subscribing;

    fn check(&self, limits: &Limits) -> Result<(), RequestError> {
        self.0
            .iter()
            .try_for_each(|subscription| limits.check_subscription(subscription))?;
        let filters = self.0.iter().cloned().map(Subscription::into_wire);
        limits.check_size(Subscribe::new_many(filters, None).size())
    }

    fn waiter(&mut self, to: oneshot::Sender<Outcome<Grants>>) -> Waiter {
        Waiter::Subscribe(self.0.len(), to)
    }

    fn send(self, client: &AsyncClient) -> bool {
        client
            .try_subscribe_many(self.0.into_iter().map(Subscription::into_wire))
            .is_ok()
    }
}

/// One UNSUBSCRIBE packet; rumqttc's holds one filter.
pub(super) struct UnsubscribeOne(pub(super) String);

impl Request for UnsubscribeOne {
    type Answer = ();
    const ROLE: Role = Role::Subscribing;

    fn check(&self, limits: &Limits) -> Result<(), RequestError> {
        // At most: fixed header 5, packet id 2, properties 1, length of the filter 2.
        limits.check_size(10 + self.0.len())
    }

    fn waiter(&mut self, to: oneshot::Sender<Outcome<()>>) -> Waiter {
        Waiter::Unsubscribe(to)
    }

    fn send(self, client: &AsyncClient) -> bool {
        client.try_unsubscribe(self.0).is_ok()
    }
}
