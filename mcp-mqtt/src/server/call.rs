//! One call from its message to its answer: read, check, run, respond.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use serde_json::Value;

use super::address::{self, Address, AddressFault, Claims};
use super::in_flight::Ticket;
use super::partials::{Partials, Target};
use super::refusals::Refusal;
use super::running_call::{Reply, RunningCall};
use super::shared::Shared;
use crate::mqtt::{Connection, Message};
use crate::tool::{Caller, Cancellation, ContextParts, Tool, ToolContext, ToolError};
use crate::wire::{
    ArgumentFault, CallFault, CallRequest, ErrorBody, ErrorKind, INBOX_PROPERTY, Response,
    TIMEOUT_PROPERTY, Topic, is_stream_id,
};

/// A message on the topic of a tool, before anything in it is believed.
pub(super) struct Incoming {
    pub(super) tool: Tool,
    /// The caller in the topic, if it is caller-bound.
    pub(super) bound: Option<String>,
    pub(super) message: Message,
    pub(super) received: Instant,
}

/// What is sent to whom, if there is somebody to answer.
pub(super) type Answer = Option<Box<(Reply, Response)>>;

/// A call that has a caller, and is to be run.
struct Accepted {
    request: CallRequest,
    address: Address,
    reply: Reply,
    timeout: Duration,
}

impl Incoming {
    /// Answers the call. Runs in a task of its own.
    pub(super) async fn run(self, shared: Arc<Shared>, ticket: Ticket) {
        let Some(connection) = shared.connection() else {
            return;
        };
        let accepted = match self.accept(&shared) {
            Ok(accepted) => accepted,
            Err(Some(answer)) => return answer.0.send(connection, &answer.1).await,
            Err(None) => return,
        };
        self.execute(&shared, connection, ticket, accepted).await;
    }

    /// Answers that the call is not taken, without running anything.
    pub(super) fn refuse(&self, shared: &Shared, kind: ErrorKind, message: &str) -> Answer {
        match self.accept(shared) {
            Ok(accepted) => {
                let mut body = ErrorBody::new(kind, message);
                body.retry_after_ms = Some(RETRY_AFTER_MS);
                let response = Response::error(accepted.request.call_id, body, 0);
                Some(Box::new((accepted.reply, response)))
            }
            Err(answer) => answer,
        }
    }

    /// Reads the payload and finds caller and inbox; otherwise what to answer, if there is a way.
    fn accept(&self, shared: &Shared) -> Result<Accepted, Answer> {
        let timeout = self.timeout(shared);
        let limit = shared.limits.max_payload;
        let size = self.message.payload.len();
        let request = if size > limit {
            Err(CallFault::too_large(size, limit))
        } else {
            CallRequest::parse(&self.message.payload, self.tool.name())
        };
        match request {
            Ok(request) => {
                let claimed = request.response_topic.as_deref();
                let address = self
                    .address(shared, request.client.as_deref(), claimed)
                    .map_err(|fault| {
                        self.refuse_address(shared, fault, &request.call_id, timeout)
                    })?;
                let reply = self.reply(&address, timeout);
                Ok(Accepted {
                    request,
                    address,
                    reply,
                    timeout,
                })
            }
            Err(fault) => Err(self.refuse_payload(shared, fault, timeout)),
        }
    }

    fn address(
        &self,
        shared: &Shared,
        client: Option<&str>,
        response_topic: Option<&str>,
    ) -> Result<Address, AddressFault> {
        let property = self.message.properties.response_topic.as_deref();
        let claims = Claims {
            bound: self.bound.as_deref(),
            client,
            response_topic: property.or(response_topic),
        };
        address::resolve(&shared.identity.namespace, claims)
    }

    fn refuse_address(
        &self,
        shared: &Shared,
        fault: AddressFault,
        call_id: &str,
        timeout: Duration,
    ) -> Answer {
        let refusal = match fault {
            AddressFault::OtherThanTopic(address) => {
                let fault = ArgumentFault::new("/client", "is not the caller that the topic names");
                let response =
                    Response::error(call_id, ErrorBody::invalid_arguments(vec![fault]), 0);
                return Some(Box::new((self.reply(&address, timeout), response)));
            }
            AddressFault::ForeignResponseTopic => Refusal::ForeignResponseTopic,
            AddressFault::Missing | AddressFault::Name(_) => Refusal::Unanswerable,
        };
        let topic = &self.message.topic;
        shared.refusals.count(refusal, topic, Instant::now());
        None
    }

    /// A payload that is no call is answered if its properties say how: an inbox and correlation data.
    fn refuse_payload(&self, shared: &Shared, fault: CallFault, timeout: Duration) -> Answer {
        let property = self.message.properties.response_topic.as_deref();
        let named = property.and_then(|topic| match shared.identity.namespace.parse(topic) {
            Some(Topic::Inbox { client }) => Some(client),
            _ => None,
        });
        let answerable =
            self.message.properties.correlation_data.is_some() || fault.call_id.is_some();
        let client = fault.client.as_deref().or(named);
        match self.address(shared, client, fault.response_topic.as_deref()) {
            Ok(address) | Err(AddressFault::OtherThanTopic(address)) if answerable => {
                let call_id = fault.call_id.unwrap_or_default();
                let body = ErrorBody::invalid_arguments(vec![ArgumentFault::new(
                    fault.pointer,
                    fault.message,
                )]);
                let response = Response::error(call_id, body, 0);
                Some(Box::new((self.reply(&address, timeout), response)))
            }
            Err(fault @ AddressFault::ForeignResponseTopic) => {
                self.refuse_address(shared, fault, "", timeout)
            }
            _ => self.refuse_address(shared, AddressFault::Missing, "", timeout),
        }
    }

    fn reply(&self, address: &Address, timeout: Duration) -> Reply {
        Reply {
            topic: address.inbox.clone(),
            correlation: self.message.properties.correlation_data.clone(),
            expiry: timeout,
        }
    }

    /// The shorter of what the tool allows and what the caller waits.
    fn timeout(&self, shared: &Shared) -> Duration {
        let allowed = self.tool.timeout().unwrap_or(shared.limits.timeout);
        let waits = property(&self.message, TIMEOUT_PROPERTY).and_then(|ms| ms.parse().ok());
        waits
            .map_or(allowed, |ms| allowed.min(Duration::from_millis(ms)))
            .min(crate::wire::MAX_TIMEOUT)
    }

    async fn execute(
        self,
        shared: &Arc<Shared>,
        connection: &Connection,
        ticket: Ticket,
        accepted: Accepted,
    ) {
        let Accepted {
            request,
            address,
            reply,
            timeout,
        } = accepted;
        let tool = self.tool.name();
        let caller = match self.bound {
            Some(_) if shared.is_verified() => Caller::verified(&address.caller),
            _ => Caller::claimed(&address.caller),
        };
        let call_id = request.call_id;
        tracing::debug!(tool, caller = caller.name(), ?call_id, "call");
        if !self.tool.allows(caller.name()) {
            let message = format!("caller `{}` may not call tool `{tool}`", caller.name());
            let body = ErrorBody::new(ErrorKind::Unauthorized, message);
            return reply
                .send(connection, &Response::error(call_id, body, 0))
                .await;
        }
        let target = partials_target(shared, &self.tool, &self.message, &call_id, &reply);
        let partials = Arc::new(Partials::new(
            connection.clone(),
            call_id.clone(),
            target,
            Arc::clone(&shared.streams),
        ));
        let cancellation = Cancellation::default();
        let deadline = self.received + timeout;
        let context = ToolContext::new(ContextParts {
            caller,
            call_id: call_id.clone(),
            deadline: Some(deadline),
            cancellation: cancellation.clone(),
            sink: partials.clone(),
        });
        let running = RunningCall {
            call_id,
            reply,
            received: self.received,
            partials: Some(partials),
            cancellation: cancellation.clone(),
        };
        shared.calls.start(ticket, deadline, running);
        let (tool, shared, connection) = (self.tool, Arc::clone(shared), connection.clone());
        // A tool may block its thread, and whoever was woken last waits on this very thread, where no
        // other takes it from. That must not be the keeper of the deadlines, which was woken just now:
        // this spawn takes its place, and has another thread look after it and the connection.
        let work = tokio::spawn(async move {
            let outcome = tokio::select! {
                biased;
                outcome = invoke(&tool, request.arguments, context, &shared) => outcome,
                // Whoever cancelled has taken the call out of the table and answers it.
                () = cancellation.cancelled() => return,
            };
            if let Some(running) = shared.calls.take(ticket) {
                running.answer(&connection, outcome).await;
            }
        });
        // It catches the panics of tools, and nobody aborts it.
        let _ = work.await;
    }
}

/// What a refused caller waits before it tries again.
const RETRY_AFTER_MS: u64 = 1000;

/// Validates, decodes and runs; a panic in any of it is a `tool_error`.
async fn invoke(
    tool: &Tool,
    arguments: serde_json::Map<String, Value>,
    context: ToolContext,
    shared: &Shared,
) -> Result<Value, ErrorBody> {
    let (caller, call_id) = (
        context.caller().name().to_owned(),
        context.call_id().to_owned(),
    );
    let work = async {
        match tool.invoke(arguments, context, &shared.state) {
            Ok(running) => running.await.map_err(Failure::Tool),
            Err(faults) => Err(Failure::Arguments(faults)),
        }
    };
    let failure = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(result)) => return Ok(result),
        Ok(Err(failure)) => failure,
        Err(_) => Failure::Panic,
    };
    let tool = tool.name();
    Err(match failure {
        Failure::Arguments(invalid_arguments) => {
            ErrorBody::invalid_arguments(invalid_arguments.faults)
        }
        Failure::Tool(error) => {
            if let Some(skipped) = shared.failures.pass(Instant::now()) {
                let error = format!("{error:#}");
                tracing::warn!(tool, caller, ?call_id, ?error, skipped, "a tool failed");
            }
            let mut body = ErrorBody::new(ErrorKind::ToolError, error.message());
            body.code = error.code_str().map(str::to_owned);
            body
        }
        Failure::Panic => {
            // The payload of a panic may hold anything; the panic hook has printed it.
            if let Some(skipped) = shared.failures.pass(Instant::now()) {
                tracing::error!(tool, caller, ?call_id, skipped, "a tool panicked");
            }
            ErrorBody::new(ErrorKind::ToolError, format!("tool `{tool}` panicked"))
        }
    })
}

enum Failure {
    Arguments(crate::tool::InvalidArguments),
    Tool(ToolError),
    Panic,
}

fn partials_target(
    shared: &Shared,
    tool: &Tool,
    message: &Message,
    call_id: &str,
    reply: &Reply,
) -> Target {
    if !tool.is_streaming() {
        return Target::NotStreaming;
    }
    if property(message, INBOX_PROPERTY) == Some("1") {
        return Target::Inbox(reply.clone());
    }
    if !is_stream_id(call_id) {
        return Target::Nowhere;
    }
    let topic = shared.identity.namespace.stream(tool.name(), call_id);
    if !shared.streams.take(&topic) {
        let now = Instant::now();
        shared.refusals.count(Refusal::TakenStream, &topic, now);
        return Target::Nowhere;
    }
    Target::Stream(Reply {
        topic,
        // Every caller of the tool may read it there, and then answer in this server's name.
        correlation: None,
        expiry: reply.expiry,
    })
}

fn property<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    let user = message.properties.user.iter();
    user.rev()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
