//! The task of a client: keeps one or two connections up, told apart by what they are [for](Role), and tells the handler.
//!
//! Two connections live and die together: requests are taken when both are there, and the end of either is the end of
//! both. They are polled by one task, so the handler needs no lock.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::v5::EventLoop;
use tokio::time::{Instant, sleep};
use tracing::{debug, info, warn};

use super::backoff::{self, Backoff};
use super::connection::Event;
use super::connections::Connections;
use super::error::{ConnectionError, in_one_line};
use super::half::{Half, queue};
use super::options::ConnectOptions;
use super::packet::Message;
use super::prepare::Plan;
use super::request::Role;
use super::shared::Shared;
use crate::error::chain;
use crate::meter::ConnectionMeter;

/// Two connections that lived this long work on this broker.
const STABLE: Duration = Duration::from_secs(5);

pub(super) struct Driver<H: FnMut(Event)> {
    shared: Arc<Shared>,
    handler: H,
    plan: Plan,
    /// For everything where it is the only one.
    publishing: Half,
    subscribing: Option<Half>,
    configured: ConnectOptions,
    address: String,
    backoff: Backoff,
    /// The broker keeps a session, which the next connection resumes.
    has_session: bool,
    was_connected: bool,
    /// Two connections were this side's idea, and have not proved to last yet.
    on_trial: bool,
    /// The outage has been told in the log.
    warned: bool,
    meter: ConnectionMeter,
    /// Why the task ended.
    end: ConnectionError,
}

impl<H: FnMut(Event)> Driver<H> {
    /// `eventloop` is that of the first connection.
    pub(super) fn new(
        shared: Arc<Shared>,
        eventloop: EventLoop,
        plan: Plan,
        configured: ConnectOptions,
        handler: H,
    ) -> Self {
        let address = configured.url.address();
        let publishing = Half::new(
            Role::Publishing,
            Arc::clone(&shared),
            eventloop,
            address.clone(),
        );
        let mut driver = Self {
            shared,
            handler,
            plan,
            publishing,
            subscribing: None,
            address,
            has_session: false,
            backoff: Backoff::default(),
            was_connected: false,
            on_trial: false,
            warned: false,
            meter: ConnectionMeter::register(),
            end: ConnectionError::Stopped,
            configured,
        };
        if driver.configured.connections == Connections::Two {
            driver.pair();
        }
        driver
    }

    /// Runs until the connection is closed for good.
    pub(super) async fn run(mut self) {
        loop {
            let result = match self.connect().await {
                Ok(()) => {
                    let since = Instant::now();
                    let result = self.serve().await;
                    self.lived(since.elapsed());
                    if result.is_err() && !self.shared.is_closing() {
                        self.meter.lost();
                    }
                    result
                }
                Err(error) => Err(error),
            };
            match self.over(result) {
                Some(wait) => sleep(wait).await,
                None => return,
            }
        }
    }

    async fn connect(&mut self) -> Result<(), ConnectionError> {
        let limit = self.configured.connect_timeout;
        let mut accepted = self.publishing.connect(limit).await?;
        let mut second = None;
        // The one with the will comes last: the will must not fire because the other one fails.
        if let Some(half) = &mut self.subscribing {
            let publishing = std::mem::replace(&mut accepted, half.connect(limit).await?);
            second = Some(std::mem::replace(&mut accepted.limits, publishing.limits));
        }
        if self.warned {
            info!(address = self.address, "connected to the broker again");
        }
        self.warned = false;
        self.meter.connected();
        self.was_connected = true;
        self.has_session = self.plan.keeps_session();
        self.shared.connected(accepted.limits, second);
        (self.handler)(Event::Connected {
            session_present: accepted.session_present,
        });
        // After the handler: what it requests goes before what those request who wait for the connection.
        self.shared.settle();
        Ok(())
    }

    /// Returns when the connection is over: `Ok` if this side left in order.
    async fn serve(&mut self) -> Result<(), ConnectionError> {
        let mut on_message = |message| (self.handler)(Event::Message(message));
        let Some(subscribing) = &mut self.subscribing else {
            return self.publishing.serve(&mut on_message).await;
        };
        let mut receiving = pin!(subscribing.serve(&mut on_message));
        tokio::select! {
            over = self.publishing.serve(unasked) => {
                over?;
                self.shared.leave_too();
                receiving.await
            }
            over = &mut receiving => over,
        }
    }

    fn lived(&mut self, time: Duration) {
        self.backoff.connection_lived(time);
        if time >= STABLE {
            self.on_trial = false;
        }
    }

    /// Cleans up; returns how long to wait before the next attempt, `None` for no other.
    fn over(&mut self, result: Result<(), ConnectionError>) -> Option<Duration> {
        self.clean();
        if self.shared.is_closing() {
            return None;
        }
        match result {
            Ok(()) => {
                self.split();
                Some(Duration::ZERO)
            }
            Err(error) => self.lost(error),
        }
    }

    /// Goes on with two connections, because a handle asked for it.
    fn split(&mut self) {
        self.on_trial = true;
        // The session was that of the other id.
        self.has_session = false;
        self.pair();
        self.renew();
        info!(
            "this broker holds small packets back; from now on there are two connections to it, one to publish and one to subscribe. The better cure is `set_tcp_nodelay true` in mosquitto.conf"
        );
    }

    fn pair(&mut self) {
        let (client, eventloop) = queue(self.plan.subscribing(false));
        self.shared.pair(client);
        self.subscribing = Some(Half::new(
            Role::Subscribing,
            Arc::clone(&self.shared),
            eventloop,
            self.address.clone(),
        ));
    }

    fn unite(&mut self) {
        self.on_trial = false;
        self.has_session = false;
        self.subscribing = None;
        self.shared.unite();
        warn!("two connections to the broker did not last; from now on there is one again");
    }

    /// Prepares for the next attempt.
    fn renew(&mut self) {
        match &mut self.subscribing {
            None => self.publishing.renew(self.plan.only(self.has_session)),
            Some(half) => {
                self.publishing.renew(self.plan.publishing());
                half.renew(self.plan.subscribing(self.has_session));
            }
        }
    }

    /// Tells of the loss; returns how long to wait before the next attempt, `None` for no other.
    fn lost(&mut self, error: ConnectionError) -> Option<Duration> {
        let taken_over = matches!(error, ConnectionError::TakenOver { .. });
        if taken_over && self.configured.client_id.is_none() {
            self.plan.set_client_id(self.configured.new_client_id());
            self.has_session = false;
        }
        if self.on_trial {
            self.unite();
        }
        self.renew();

        let fatal = if taken_over {
            // Whoever set the id meant it; with it, the two would throw each other out for ever.
            self.configured.client_id.is_some()
        } else {
            // At the start somebody is there to read it. Later it may be the broker that is being configured.
            error.is_about_configuration() && !self.was_connected
        };
        let retry_in = (!fatal).then(|| self.backoff.next(backoff::random()));
        self.tell(&error, retry_in);
        self.shared.connecting(error.clone());
        if fatal {
            self.end = error.clone();
        }
        (self.handler)(Event::Lost { error, retry_in });
        retry_in
    }

    /// Warns once an outage, and of an end that may come at any time.
    fn tell(&mut self, error: &ConnectionError, retry_in: Option<Duration>) {
        let why = in_one_line(&chain(error));
        match retry_in.map(in_milliseconds) {
            None if self.was_connected => warn!("no connection to the broker: {why}; giving up"),
            // Whoever starts the connection is told, and says so.
            None => debug!("no connection to the broker: {why}; giving up"),
            Some(wait) if self.warned => {
                debug!("still no connection to the broker: {why}; trying again in {wait}");
            }
            Some(wait) => {
                warn!("no connection to the broker: {why}; trying again in {wait}");
                self.warned = true;
            }
        }
    }

    /// Closes the sockets and gives every request its result.
    fn clean(&mut self) {
        let Self {
            publishing,
            subscribing,
            ..
        } = self;
        self.shared.lost(|| {
            publishing.clean();
            if let Some(half) = subscribing {
                half.clean();
            }
        });
    }
}

/// Nothing is subscribed on a connection that publishes.
fn unasked(_: Message) {
    debug!("dropped a message that came on the connection for publishing");
}

impl<H: FnMut(Event)> Drop for Driver<H> {
    /// Also when the task is aborted or its runtime shuts down.
    fn drop(&mut self) {
        self.clean();
        self.shared.ended(self.end.clone());
    }
}

fn in_milliseconds(time: Duration) -> humantime::FormattedDuration {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_millis(milliseconds))
}
