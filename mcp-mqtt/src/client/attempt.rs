//! Acts for one call: does what its [`Route`], [`Fate`] and [`Retries`] say, and waits for what comes.

mod ended;

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tracing::Span;

use super::error::{CallError, Outcome};
use super::fate::{Fate, Verdict};
use super::guard::Guard;
use super::link;
use super::mailbox::{Arrival, Delivery, Mailbox};
use super::outgoing::Outgoing;
use super::pending::random_ids;
use super::response::{self, Meaning};
use super::retry::{Reason, Retries};
use super::route::{Ack, Form, Route, Sight, Step};
use super::shared::State;
use super::stream::Partials;
use super::{Inner, ending, stall};
use crate::grammar;
use crate::mqtt::{
    ConnectionError, PublishError, Published, Qos, ReasonCode, RetainHandling, Subscription,
};
use crate::wire::{self, ErrorKind, ToolCard, TraceContext};
use ended::Ended;

/// What is asked for.
pub(super) struct Request {
    pub(super) tool: String,
    pub(super) arguments: wire::Arguments,
    pub(super) timeout: Duration,
    pub(super) retry: bool,
    pub(super) trace: Option<TraceContext>,
    pub(super) streamed: bool,
}

type Publishing = Pin<Box<dyn Future<Output = Result<Published, PublishError>> + Send>>;

/// Makes the call. Dropping the future gives it up.
pub(super) async fn run(
    client: &Arc<Inner>,
    request: Request,
    partials: Option<Partials>,
    span: &Span,
) -> Result<Value, CallError> {
    let started = Instant::now();
    grammar::tool(&request.tool).map_err(|fault| CallError::InvalidName {
        tool: request.tool.clone(),
        fault,
    })?;
    let deadline = link::deadline(started, request.timeout);
    let _pass = stall::pass(client, deadline)
        .await
        .ok_or_else(|| ending::timed_out(&request.tool, request.timeout, Outcome::NotRun))?;
    let shared = &client.shared;
    let (correlation, call_id) = random_ids()?;
    let call = wire::Call::new(&call_id, &shared.caller, &shared.inbox);
    let payload = request.arguments.call(&call);
    let guard = Guard::enter(client, &request.tool, correlation, &call_id)?;
    let attempt = Attempt {
        client,
        mailbox: guard.mailbox(),
        guard,
        retries: Retries::new(deadline, client.grace, correlation[0]),
        outgoing: Outgoing {
            tool: request.tool,
            correlation,
            call_id,
            payload: payload.into(),
            trace: request.trace,
        },
        timeout: request.timeout,
        retry: request.retry,
        streamed: request.streamed,
        deadline,
        route: Route::new(started),
        fate: Fate::new(started, false, client.grace),
        card: None,
        publishing: None,
        sent: started,
        acknowledged: None,
        lost: None,
        cut_by: None,
        pause: None,
        may_have_run: false,
        answered: false,
        partials,
        inbox_delivery: false,
        span,
    };
    attempt.run().await
}

/// Between two attempts, or before the first.
struct Pause {
    at: Instant,
    patience: Instant,
    last: CallError,
}

/// What to do next.
enum Next {
    Wait(Option<Instant>),
    Publish(Form, Sight),
}

struct Attempt<'a> {
    client: &'a Arc<Inner>,
    mailbox: Arc<Mailbox>,
    guard: Guard,
    outgoing: Outgoing,
    timeout: Duration,
    retry: bool,
    streamed: bool,
    deadline: Instant,
    retries: Retries,
    route: Route,
    fate: Fate,
    /// By which the call was published: a later change is not about it.
    card: Option<Arc<ToolCard>>,
    publishing: Option<(Form, Publishing)>,
    /// When it was published last, and when the broker acknowledged that.
    sent: Instant,
    acknowledged: Option<Instant>,
    /// The session ended while the call was being published: whether it left is what the publish says next.
    lost: Option<ConnectionError>,
    /// Why the PUBACK did not come.
    cut_by: Option<ConnectionError>,
    pause: Option<Pause>,
    /// An earlier attempt may have.
    may_have_run: bool,
    answered: bool,
    partials: Option<Partials>,
    /// The server delivers partial results to the inbox: those on the stream topic are not its own.
    inbox_delivery: bool,
    /// The span of the call, for what is found out on the way.
    span: &'a Span,
}

impl Attempt<'_> {
    async fn run(mut self) -> Result<Value, CallError> {
        let client = self.client;
        // Only while the card does not say yet what to do.
        let mut changes = None;
        let alarm = tokio::time::sleep_until(self.deadline.into());
        tokio::pin!(alarm);
        loop {
            let now = Instant::now();
            let until = match self.next(now) {
                Err(ended) => {
                    self.failed(ended, now)?;
                    continue;
                }
                Ok(Next::Publish(form, sight)) => {
                    if let Err(ended) = self.publish(form, sight).await {
                        self.failed(ended, Instant::now())?;
                    }
                    continue;
                }
                Ok(Next::Wait(_)) if self.card.is_none() && changes.is_none() => {
                    // From here on nothing is missed; before, something may have been.
                    changes = Some(client.shared.changes());
                    continue;
                }
                Ok(Next::Wait(until)) => until,
            };
            let wake = until.map_or(self.deadline, |until| until.min(self.deadline));
            if alarm.deadline() != wake.into() {
                alarm.as_mut().reset(wake.into());
            }
            let ended = tokio::select! {
                biased;
                arrival = self.mailbox.next() => match arrival {
                    Arrival::Message(delivery) => match self.read(&delivery) {
                        None => continue,
                        Some(Ok(value)) => return Ok(value),
                        Some(Err(ended)) => Err(ended),
                    },
                    Arrival::Lost(error) => self.session_lost(error),
                    Arrival::Look => {
                        self.look();
                        Ok(())
                    }
                },
                (form, answer) = acknowledged(&mut self.publishing) => {
                    self.publishing = None;
                    self.acknowledge(form, answer)
                }
                () = changed(&mut changes), if self.card.is_none() => {
                    self.look();
                    Ok(())
                }
                () = &mut alarm => {
                    if Instant::now() >= self.deadline {
                        return Err(self.late());
                    }
                    Ok(())
                }
            };
            if let Err(ended) = ended {
                self.failed(ended, Instant::now())?;
            }
        }
    }

    fn next(&mut self, now: Instant) -> Result<Next, Ended> {
        if self.publishing.is_some() {
            return Ok(Next::Wait(None));
        }
        if let Some(pause) = &self.pause {
            if now < pause.at {
                return Ok(Next::Wait(Some(pause.at)));
            }
            if !self.client.shared.is_ready() {
                return self.without_connection(now);
            }
            self.pause = None;
            self.route = Route::new(now);
            self.fate = Fate::new(now, false, self.client.grace);
            self.card = None;
        }
        let heard_of = match self.fate.verdict(now) {
            Verdict::Wait(until) => until,
            Verdict::Died => return Err(self.died()),
            Verdict::Lost => {
                let cause = self.cut_by.take();
                let cause = cause.unwrap_or_else(|| link::cause(&self.client.shared));
                return Err(self.connection_lost(cause));
            }
        };
        let sent = self.route.may_have_run();
        if !sent && !self.client.shared.is_ready() {
            return Err(self.not_sent());
        }
        let (tool, shared) = (&self.outgoing.tool, &self.client.shared);
        let sight = match &self.card {
            Some(card) => Sight::of(card),
            None => shared.lock().directory.sight(tool, now),
        };
        match self.route.next(sight, now) {
            Step::Settled => Ok(Next::Wait(heard_of)),
            Step::Wait(until) => Ok(Next::Wait(heard_of.into_iter().chain(until).min())),
            Step::Publish(form) => Ok(Next::Publish(form, sight)),
            Step::Fail(failure) => Err(self.gave_up(failure, now)),
        }
    }

    async fn publish(&mut self, form: Form, sight: Sight) -> Result<(), Ended> {
        let shared = &self.client.shared;
        let (inbox, topic) = match sight {
            Sight::Online { inbox, .. } => {
                self.card = shared.lock().directory.card(&self.outgoing.tool);
                let server = self.card.as_ref().map(|card| card.server.as_str());
                self.span.record("server", server);
                (inbox, !inbox)
            }
            // Without a card: only servers of this kind serve the bound topic, any may serve the other.
            _ => (form == Form::Bound || self.streamed, form == Form::Plain),
        };
        if topic && self.streamed {
            self.subscribe_stream().await?;
        }
        self.span.record("attempts", self.retries.count() + 1);
        let now = Instant::now();
        let left = self.deadline.saturating_duration_since(now);
        let publish = self.outgoing.call(shared, form, inbox, left);
        self.mailbox.begin();
        self.lost = None;
        (self.sent, self.acknowledged) = (now, None);
        self.fate = Fate::new(now, inbox, self.client.grace);
        if self.card.is_none() {
            self.fate.blind();
        }
        self.route.publishing(form);
        let publishing = Box::pin(self.client.connection.publish(publish));
        self.publishing = Some((form, publishing));
        Ok(())
    }

    /// Prepares for partial results on the stream topic.
    async fn subscribe_stream(&mut self) -> Result<(), Ended> {
        let filter = self.guard.stream_topic();
        let subscription = Subscription {
            filter: filter.clone(),
            qos: Qos::AtLeastOnce,
            no_local: false,
            retain: RetainHandling::Never,
        };
        let subscribing = self.client.connection.subscribe(vec![subscription]);
        match tokio::time::timeout_at(self.deadline.into(), subscribing).await {
            Err(_) => {
                let tool = &self.outgoing.tool;
                Err(ending::timed_out(tool, self.timeout, self.outcome()).into())
            }
            Ok(Ok(codes)) if codes.iter().all(Result::is_ok) => Ok(()),
            Ok(Ok(_) | Err(PublishError::Refused(_))) => {
                tracing::warn!(
                    ?filter,
                    "the broker refuses the stream topic: there will be no partial results"
                );
                Ok(())
            }
            // Of the call itself nothing left.
            Ok(Err(error)) if error.is_loss() => Err(self.not_sent()),
            Ok(Err(error)) => Err(self.not_taken(error)),
        }
    }

    fn acknowledge(
        &mut self,
        form: Form,
        answer: Result<Published, PublishError>,
    ) -> Result<(), Ended> {
        let lost = self.lost.take();
        let now = Instant::now();
        let ack = match answer {
            Ok(Published::Delivered) => Ack::Delivered,
            Ok(Published::NoSubscriber) => Ack::NoSubscriber,
            Err(PublishError::Refused(ReasonCode::NOT_AUTHORIZED)) => Ack::Refused,
            Err(PublishError::Lost) => return self.lost_on_the_way(lost),
            Err(error) => {
                self.route.withdrawn(form);
                return Err(match error.is_loss() {
                    true => self.not_sent(),
                    false => self.not_taken(error),
                });
            }
        };
        self.fate.acknowledged(now);
        self.acknowledged = Some(now);
        self.route.acknowledged(form, ack, now);
        match lost {
            Some(error) => self.session_lost(error),
            None => Ok(()),
        }
    }

    /// The connection went between the publish and its PUBACK. Where the call may be sent again it is; else the session
    /// may yet bring the response, unless it has ended.
    fn lost_on_the_way(&mut self, ended: Option<ConnectionError>) -> Result<(), Ended> {
        let shared = &self.client.shared;
        let held = shared.session && ended.is_none();
        let cause = ended.unwrap_or_else(|| link::cause(shared));
        if !held || self.is_repeatable() {
            return Err(self.connection_lost(cause));
        }
        self.fate.unacknowledged();
        self.cut_by = Some(cause);
        // It may be back by now.
        self.look();
        Ok(())
    }

    fn session_lost(&mut self, error: ConnectionError) -> Result<(), Ended> {
        if self.pause.is_some() {
            // That was an earlier attempt.
            return Ok(());
        }
        if self.publishing.is_some() {
            self.lost = Some(error);
            return Ok(());
        }
        Err(match self.route.may_have_run() {
            true => self.connection_lost(error),
            false => self.not_sent(),
        })
    }

    /// Something changed: somebody died, or the connection went or is back.
    fn look(&mut self) {
        let shared = &self.client.shared;
        let now = Instant::now();
        match shared.is_ready() {
            true => self.fate.resumed(now),
            false => self.fate.disconnected(now),
        }
        let state = shared.lock();
        if let Some(card) = self.card_in(&state) {
            let deaths = state.directory.deaths(&card.server, self.fate.holder());
            self.fate.told(deaths);
        }
    }

    /// The card by which the call was published, or that which came later.
    fn card_in(&self, state: &State) -> Option<Arc<ToolCard>> {
        let later = || state.directory.card(&self.outgoing.tool);
        self.card.clone().or_else(later)
    }

    /// The end, if this is the response.
    fn read(&mut self, delivery: &Delivery) -> Option<Result<Value, Ended>> {
        let tool = &self.outgoing.tool;
        let ended = match response::read(delivery, &self.outgoing.call_id) {
            Meaning::Outcome(Ok(value), elapsed) => {
                self.timed(elapsed);
                Ok(value)
            }
            Meaning::Outcome(Err(body), elapsed) => {
                self.timed(elapsed);
                let after = body.retry_after_ms.map(Duration::from_millis);
                let unavailable = body.kind == ErrorKind::Unavailable;
                Err(Ended {
                    error: CallError::from_response(tool, &self.client.shared.caller, body),
                    reason: unavailable.then_some(Reason::Unavailable(after)),
                })
            }
            Meaning::Bad(message) => {
                let tool = tool.clone();
                Err(CallError::BadResponse { tool, message }.into())
            }
            Meaning::Accepted(instance) => {
                self.accepted(instance);
                return None;
            }
            Meaning::Partial(value) => {
                self.inbox_delivery |= !delivery.stream;
                if let Some(partials) = &self.partials
                    && !(delivery.stream && self.inbox_delivery)
                {
                    partials.set_missed(self.mailbox.missed());
                    partials.push(value);
                }
                return None;
            }
            Meaning::Nothing => return None,
        };
        // What comes between two attempts answers the earlier one.
        self.pause = None;
        self.answered = true;
        Some(ended)
    }

    /// The response came, for which the server took `elapsed`.
    fn timed(&self, elapsed: Duration) {
        if let Some(acknowledged) = self.acknowledged {
            let (stall, tool) = (&self.client.stall, &self.outgoing.tool);
            stall.answered(tool, self.sent, acknowledged, elapsed);
        }
    }

    fn accepted(&mut self, instance: String) {
        self.route.accepted();
        let mut state = self.client.shared.lock();
        if let Some(card) = self.card_in(&state) {
            state
                .directory
                .noticed(&card.server, &instance, Instant::now());
            let deaths = state.directory.deaths(&card.server, Some(&instance));
            self.fate.told(deaths);
        }
        self.fate.accepted(instance);
    }
}

impl Drop for Attempt<'_> {
    /// Whoever has the call learns that nobody waits for it any more.
    fn drop(&mut self) {
        if self.answered || self.outcome() != Outcome::Unknown {
            return;
        }
        let shared = &self.client.shared;
        let card = shared.lock().directory.card(&self.outgoing.tool);
        // Servers of other kinds know no cancel.
        let Some(card) = card.or(self.card.take()).filter(|c| c.extra.is_some()) else {
            return;
        };
        let left = self.deadline.saturating_duration_since(Instant::now());
        if let Some(cancel) = self.outgoing.cancel(shared, &card.server, left) {
            shared.meter.cancel();
            // Queued at once; whether it arrives is the broker's business.
            drop(self.client.connection.publish(cancel));
        }
    }
}

/// Resolves when the broker acknowledges; never while nothing is being published.
async fn acknowledged(
    publishing: &mut Option<(Form, Publishing)>,
) -> (Form, Result<Published, PublishError>) {
    match publishing {
        Some((form, publishing)) => (*form, publishing.await),
        None => std::future::pending().await,
    }
}

/// Resolves when a card changed; never before changes are of interest.
async fn changed(changes: &mut Option<tokio::sync::watch::Receiver<()>>) {
    match changes {
        // The sender lives as long as the client, which the call keeps.
        Some(changes) => drop(changes.changed().await),
        None => std::future::pending().await,
    }
}
