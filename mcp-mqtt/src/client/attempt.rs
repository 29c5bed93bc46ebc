//! Acts for one call: does what its [`Route`] says and waits for what comes.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Map, Value};

use super::error::{CallError, Outcome, Refusal};
use super::link::{self, NotReady};
use super::mailbox::{Delivery, Mailbox};
use super::pending::Correlation;
use super::response::{self, Meaning};
use super::route::{Ack, Failure, Form, Route, Sight, Step};
use super::shared::Shared;
use super::stream::Partials;
use super::{Inner, guard::Guard};
use crate::grammar;
use crate::mqtt::{
    ConnectionError, Properties, Publish, PublishError, Published, Qos, ReasonCode, RetainHandling,
    Subscription,
};
use crate::random;
use crate::wire;

/// What is asked for.
pub(super) struct Request {
    pub(super) tool: String,
    pub(super) arguments: Map<String, Value>,
    pub(super) timeout: Duration,
    pub(super) streamed: bool,
}

type Publishing = Pin<Box<dyn Future<Output = Result<Published, PublishError>> + Send>>;

/// Makes the call. Dropping the future gives it up.
pub(super) async fn run(
    client: &Arc<Inner>,
    request: Request,
    partials: Option<Partials>,
) -> Result<Value, CallError> {
    let started = Instant::now();
    grammar::tool(&request.tool).map_err(|fault| CallError::InvalidName {
        tool: request.tool.clone(),
        fault,
    })?;
    let deadline = link::deadline(started, request.timeout);
    let shared = &client.shared;
    link::ready(shared, deadline)
        .await
        .map_err(|error| not_ready(error, &request, shared))?;
    let (correlation, call_id) = random_ids()?;
    let payload = wire::Call::new(&call_id, &request.arguments, &shared.caller, &shared.inbox);
    let payload = serde_json::to_vec(&payload).map_err(|error| CallError::InvalidArguments {
        tool: request.tool.clone(),
        message: error.to_string(),
        faults: Vec::new(),
    })?;
    let guard = Guard::enter(client, &request.tool, correlation, &call_id)?;
    let attempt = Attempt {
        client,
        mailbox: guard.mailbox(),
        guard: &guard,
        correlation: &correlation,
        call_id: &call_id,
        payload: payload.into(),
        deadline,
        route: Route::new(started),
        request: &request,
        partials,
    };
    attempt.run().await
}

struct Attempt<'a> {
    client: &'a Arc<Inner>,
    guard: &'a Guard,
    mailbox: Arc<Mailbox>,
    correlation: &'a Correlation,
    call_id: &'a str,
    payload: Bytes,
    deadline: Instant,
    route: Route,
    request: &'a Request,
    partials: Option<Partials>,
}

impl Attempt<'_> {
    async fn run(mut self) -> Result<Value, CallError> {
        let shared = &self.client.shared;
        let mut changes = shared.changes();
        let mut publishing: Option<(Form, Publishing)> = None;
        // What the card said when the call was published by it: a later change is not about this call.
        let mut known: Option<Sight> = None;
        let mut lost: Option<ConnectionError> = None;
        loop {
            changes.borrow_and_update();
            let now = Instant::now();
            let sight =
                known.unwrap_or_else(|| shared.lock().directory.sight(&self.request.tool, now));
            let until = match self.route.next(sight, now) {
                _ if lost.is_some() => None,
                Step::Settled => None,
                Step::Wait(until) => until,
                Step::Fail(failure) => return Err(self.failed(failure)),
                Step::Publish(form) => {
                    known = matches!(sight, Sight::Online { .. }).then_some(sight);
                    let inbox = self.streamed(form, sight).await?;
                    self.route.publishing(form);
                    publishing = Some((
                        form,
                        Box::pin(self.client.connection.publish(self.publish(form, inbox))),
                    ));
                    continue;
                }
            };
            let wake = until.unwrap_or(self.deadline).min(self.deadline);
            tokio::select! {
                biased;
                delivery = self.mailbox.next(), if lost.is_none() => match delivery {
                    Ok(delivery) => if let Some(result) = self.read(&delivery) {
                        return result;
                    },
                    Err(error) if publishing.is_none() => return Err(self.lost(error)),
                    // Whether it left at all is what the publish says next.
                    Err(error) => lost = Some(error),
                },
                (form, answer) = acknowledged(&mut publishing) => {
                    publishing = None;
                    match (self.acknowledge(form, answer), lost.take()) {
                        (Err(error), _) => return Err(error),
                        (Ok(()), Some(error)) => return Err(self.lost(error)),
                        (Ok(()), None) => {}
                    }
                },
                _ = changes.changed(), if known.is_none() => {}
                () = tokio::time::sleep_until(wake.into()) => if Instant::now() >= self.deadline {
                    return Err(timed_out(self.request, self.outcome()));
                },
            }
        }
    }

    /// Prepares for partial results; `true` if the call asks for them in the inbox.
    async fn streamed(&self, form: Form, sight: Sight) -> Result<bool, CallError> {
        let (inbox, topic) = match sight {
            _ if !self.request.streamed => (false, false),
            Sight::Online { inbox, .. } => (inbox, !inbox),
            // Without a card: only servers of this kind serve the bound topic, any may serve the other.
            _ => (true, form == Form::Plain),
        };
        if topic {
            let filter = self.guard.stream_topic();
            let subscription = Subscription {
                filter: filter.clone(),
                qos: Qos::AtLeastOnce,
                no_local: false,
                retain: RetainHandling::Never,
            };
            let subscribing = self.client.connection.subscribe(vec![subscription]);
            match tokio::time::timeout_at(self.deadline.into(), subscribing).await {
                Err(_) => return Err(timed_out(self.request, self.outcome())),
                Ok(Ok(codes)) if codes.iter().all(Result::is_ok) => {}
                Ok(Ok(_) | Err(PublishError::Refused(_))) => {
                    tracing::warn!(
                        filter,
                        "the broker refuses the stream topic: there will be no partial results"
                    );
                }
                Ok(Err(error)) => return Err(self.not_taken(error)),
            }
        }
        Ok(inbox)
    }

    fn publish(&self, form: Form, inbox: bool) -> Publish {
        let shared = &self.client.shared;
        let left = self
            .deadline
            .saturating_duration_since(Instant::now())
            .as_millis()
            .max(1);
        let mut user = vec![(wire::TIMEOUT_PROPERTY.to_owned(), left.to_string())];
        if inbox {
            user.push((wire::INBOX_PROPERTY.to_owned(), "1".to_owned()));
        }
        Publish {
            topic: self.topic(form),
            payload: self.payload.clone(),
            qos: Qos::AtLeastOnce,
            retain: false,
            properties: Properties {
                response_topic: Some(shared.inbox.clone()),
                correlation_data: Some(Bytes::copy_from_slice(self.correlation)),
                content_type: Some(wire::CONTENT_TYPE.to_owned()),
                // Never 0, which some brokers take for "never expires".
                message_expiry: Some(u32::try_from(left.div_ceil(1000)).unwrap_or(u32::MAX)),
                utf8_payload: true,
                user,
            },
        }
    }

    fn topic(&self, form: Form) -> String {
        let shared = &self.client.shared;
        match form {
            Form::Bound => shared
                .namespace
                .bound_call(&self.request.tool, &shared.caller),
            Form::Plain => shared.namespace.call(&self.request.tool),
        }
    }

    fn acknowledge(
        &mut self,
        form: Form,
        answer: Result<Published, PublishError>,
    ) -> Result<(), CallError> {
        let ack = match answer {
            Ok(Published::Delivered) => Ack::Delivered,
            Ok(Published::NoSubscriber) => Ack::NoSubscriber,
            Err(PublishError::Refused(ReasonCode::NOT_AUTHORIZED)) => Ack::Refused,
            Err(PublishError::Lost) => return Err(self.lost(link::cause(&self.client.shared))),
            Err(error) => {
                self.route.withdrawn(form);
                return Err(self.not_taken(error));
            }
        };
        self.route.acknowledged(form, ack, Instant::now());
        Ok(())
    }

    /// The result, if this is the response.
    fn read(&self, delivery: &Delivery) -> Option<Result<Value, CallError>> {
        let tool = &self.request.tool;
        match response::read(delivery, self.call_id) {
            Meaning::Outcome(Ok(value)) => Some(Ok(value)),
            Meaning::Outcome(Err(body)) => Some(Err(CallError::from_response(
                tool,
                &self.client.shared.caller,
                body,
            ))),
            Meaning::Partial(value) => {
                if let Some(partials) = &self.partials {
                    partials.set_missed(self.mailbox.missed());
                    partials.push(value);
                }
                None
            }
            Meaning::Nothing => None,
            Meaning::Bad(message) => Some(Err(CallError::BadResponse {
                tool: tool.clone(),
                message,
            })),
        }
    }

    fn outcome(&self) -> Outcome {
        if self.route.may_have_run() {
            Outcome::Unknown
        } else {
            Outcome::NotRun
        }
    }

    fn failed(&self, failure: Failure) -> CallError {
        let message = match failure {
            Failure::Refused(form) => {
                return CallError::Unauthorized {
                    tool: self.request.tool.clone(),
                    caller: self.client.shared.caller.clone(),
                    refusal: Refusal::Broker {
                        topic: self.topic(form),
                    },
                };
            }
            Failure::Offline => "its card, or its server's, says offline",
            Failure::NoSubscriber => "nobody subscribes to its calls (reason code 0x10)",
            Failure::Absent => "it has no card that says online, and no response came",
        };
        self.unavailable(message.to_owned())
    }

    fn unavailable(&self, message: String) -> CallError {
        CallError::Unavailable {
            tool: self.request.tool.clone(),
            message,
            retry_after: None,
            outcome: self.outcome(),
        }
    }

    /// A request that the broker did not take, or that did not get there.
    fn not_taken(&self, error: PublishError) -> CallError {
        let tool = self.request.tool.clone();
        match error {
            PublishError::TooLarge { size, limit } => CallError::TooLarge { tool, size, limit },
            PublishError::Refused(reason @ ReasonCode::QUOTA_EXCEEDED) => {
                self.unavailable(reason.to_string())
            }
            PublishError::NotConnected | PublishError::NotSent | PublishError::Lost => {
                self.lost(link::cause(&self.client.shared))
            }
            error => CallError::NotTaken {
                tool,
                reason: error.to_string(),
            },
        }
    }

    fn lost(&self, source: ConnectionError) -> CallError {
        CallError::Connection {
            outcome: self.outcome(),
            source,
        }
    }
}

fn not_ready(error: NotReady, request: &Request, shared: &Shared) -> CallError {
    match error {
        NotReady::Down(source) => CallError::Connection {
            outcome: Outcome::NotRun,
            source,
        },
        NotReady::NoInbox(reason) => CallError::NotTaken {
            tool: request.tool.clone(),
            reason: format!(
                "it refuses the inbox ({reason}); grant subscribe on `{}`",
                shared.inbox
            ),
        },
        NotReady::Timeout => timed_out(request, Outcome::NotRun),
    }
}

fn timed_out(request: &Request, outcome: Outcome) -> CallError {
    CallError::Timeout {
        tool: request.tool.clone(),
        message: format!(
            "no response within {}",
            humantime::format_duration(request.timeout)
        ),
        outcome,
    }
}

/// Two ids of 128 random bits: the correlation data, and the call id in hexadecimal.
fn random_ids() -> Result<(Correlation, String), CallError> {
    let ids = || Ok((random::bytes()?, random::hex::<16>()?));
    ids().map_err(|error: getrandom::Error| CallError::NoRandomness {
        error: error.to_string(),
    })
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
