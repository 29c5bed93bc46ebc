//! One call that has its place, from its message to its answer: read, check, run, respond.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::{Map, Value};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::duplicates::{self, Candidate, Ending, Id, Key, Verdict};
use super::in_flight::{Ran, Ticket};
use super::incoming::{Accepted, Incoming};
use super::partials::{Partials, Target};
use super::refusals::Refusal;
use super::reply::{self, Reply};
use super::running_call::RunningCall;
use super::shared::{Held, Running, Shared};
use super::span;
use crate::meter::Repeat;
use crate::mqtt::Connection;
use crate::tool::{Caller, Cancellation, ContextParts, PartialSink, Tool, ToolContext, ToolError};
use crate::wire::{ArgumentFault, ErrorBody, ErrorKind, Output, Response, is_stream_id};

/// What a refused caller waits before it tries again.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Starts a call that has its place, in a task of its own.
pub(super) fn start(shared: &Arc<Shared>, ticket: Ticket, call: Held) {
    // None while the runtime shuts down, and then nothing is to start.
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(run(Arc::clone(shared), ticket, call));
    }
}

/// Answers that a call which was held does not start.
pub(super) fn refuse_held(
    shared: &Arc<Shared>,
    ticket: Ticket,
    call: Held,
    message: &'static str,
) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let ended = Ended::new(&shared, ticket);
        let answer = call.refuse(&shared, RETRY_AFTER, message);
        drop(ended);
        if let (Some(connection), Some(answer)) = (shared.connection(), answer) {
            let (reply, response) = *answer;
            Ready::new(&call.tool, reply, response)
                .send(&shared, connection)
                .await;
        }
    })
}

/// Ends every call that is held, since the server does.
pub(super) async fn cut_off(shared: &Arc<Shared>, connection: &Connection) {
    let (waiting, running) = shared.calls.take_all();
    let (unstarted, stopped) = (waiting.len(), running.len());
    tracing::warn!(
        unstarted,
        stopped,
        "calls were cut off by the end of the server"
    );
    let mut answers = Vec::new();
    for call in running {
        // Not `unavailable`, which promises that the tool did not run.
        let message = "the server stopped before the tool was done";
        answers.push(call.give_up(shared, connection, ErrorKind::Timeout, message));
    }
    for (ticket, call) in waiting {
        answers.push(refuse_held(shared, ticket, call, STOPPING));
    }
    join_all(answers).await;
}

/// The end of a call's task, however it comes.
struct Ended<'a> {
    shared: &'a Arc<Shared>,
    ticket: Ticket,
    /// By what repeats of it are known, once it is noted that it runs.
    key: OnceLock<Key>,
}

impl<'a> Ended<'a> {
    fn new(shared: &'a Arc<Shared>, ticket: Ticket) -> Self {
        Self {
            shared,
            ticket,
            key: OnceLock::new(),
        }
    }

    /// The work is done: the next call may start while the answer is on its way.
    fn release(&self) {
        for (ticket, call) in self.shared.calls.release(self.ticket) {
            start(self.shared, ticket, call);
        }
    }
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        // What is noted as running is never forgotten, and nobody else ends it now.
        if thread::panicking()
            && let Some(key) = self.key.get()
        {
            let now = Instant::now();
            self.shared.duplicates().finish(*key, Ending::Lost, now);
        }
        for (ticket, call) in self.shared.calls.end(self.ticket) {
            start(self.shared, ticket, call);
        }
    }
}

async fn run(shared: Arc<Shared>, ticket: Ticket, incoming: Held) {
    let ended = Ended::new(&shared, ticket);
    let Some(connection) = shared.connection() else {
        return;
    };
    let begun = match incoming.accept(&shared) {
        Ok(accepted) => begin(connection, &ended, &incoming, accepted),
        Err(answer) => Err(answer.map(|answer| Ready::new(&incoming.tool, answer.0, answer.1))),
    };
    match begun {
        Ok((running, arguments)) => {
            drop(incoming);
            execute(&shared, connection, &ended, running, arguments).await;
        }
        Err(answer) => {
            // Nobody is to fill the table with calls that are refused.
            drop(ended);
            if let Some(ready) = answer {
                ready.send(&shared, connection).await;
            }
        }
    }
}

/// A call that runs, or what to answer instead.
type Begun = Result<(Running, Map<String, Value>), Option<Box<Ready>>>;

/// Finds out whether a call is to run, and notes that it does.
fn begin(
    connection: &Connection,
    ended: &Ended<'_>,
    incoming: &Incoming,
    accepted: Accepted,
) -> Begun {
    let (shared, ticket) = (ended.shared, ended.ticket);
    let Accepted {
        request,
        address,
        reply,
    } = accepted;
    let tool = &incoming.tool;
    let verified = incoming.party.is_verified();
    let caller = match verified {
        true => Caller::verified(address.caller),
        false => Caller::claimed(address.caller),
    };
    let call_id = request.call_id;
    tracing::debug!(tool = tool.name(), caller = caller.name(), ?call_id, "call");
    if let Some(body) = unauthorized(shared, tool, &caller) {
        let response = Response::error(call_id, body, 0);
        return Err(Some(Ready::new(tool, reply, response)));
    }
    let key = |id| Key::new(verified, caller.name(), tool.name(), id);
    let by_id = || key(Id::CallId(&call_id));
    let data = reply.correlation.as_deref();
    let candidate = Candidate {
        party: &incoming.party,
        key: data.map_or_else(by_id, |data| key(Id::Correlation(data))),
        payload: duplicates::hash(&incoming.message.payload),
        ticket,
        deadline: incoming.deadline,
        repeatable: tool.hints().is_repeatable(),
    };
    let (key, now) = (candidate.key, Instant::now());
    let verdict = shared.duplicates().begin(candidate, by_id, now);
    let repeated = |repeat| shared.meter.repeated(repeat);
    let refused = match verdict {
        Verdict::Run => {
            ended.key.get_or_init(|| key);
            None
        }
        Verdict::Cancelled => {
            repeated(Repeat::Cancelled);
            return Err(None);
        }
        Verdict::Running => {
            repeated(Repeat::Attached);
            return Err(None);
        }
        Verdict::Repeat(payload) => {
            repeated(Repeat::Replayed);
            let ready = Ready {
                reply,
                call_id,
                payload,
            };
            return Err(Some(Box::new(ready)));
        }
        Verdict::NotKept => {
            repeated(Repeat::NotKept);
            // Not `unavailable`, which promises that the tool did not run.
            let mut body = ErrorBody::new(ErrorKind::ToolError, NOT_KEPT);
            body.code = Some("result_not_kept".to_owned());
            Some(body)
        }
        Verdict::OtherPayload => {
            repeated(Repeat::Conflicting);
            let fault = ArgumentFault::new("/call_id", "was used for another call; take a new one");
            Some(ErrorBody::invalid_arguments(vec![fault]))
        }
    };
    if let Some(body) = refused {
        let response = Response::error(call_id, body, 0);
        return Err(Some(Ready::new(tool, reply, response)));
    }
    let partials = tool.is_streaming().then(|| {
        let target = partials_target(shared, incoming, &call_id, &reply);
        let streams = Arc::clone(&shared.streams);
        Arc::new(Partials::new(
            connection.clone(),
            call_id.clone(),
            target,
            streams,
        ))
    });
    let sink: Arc<dyn PartialSink> = match &partials {
        Some(partials) => Arc::clone(partials) as _,
        None => Arc::clone(&shared.not_streaming) as _,
    };
    let running = Arc::new(RunningCall {
        tool: tool.clone(),
        context: ToolContext::new(ContextParts {
            caller,
            call_id,
            deadline: Some(incoming.deadline),
            cancellation: Cancellation::default(),
            sink,
            trace: incoming.trace(),
        }),
        reply,
        received: incoming.received,
        partials,
        key,
    });
    let ran = shared.calls.run(ticket, Arc::clone(&running));
    if ran == Ran::Runs {
        return Ok((running, request.arguments));
    }
    if let Some(partials) = &running.partials {
        partials.abandon();
    }
    // Whoever stopped it has noted that.
    if ran == Ran::Stopped {
        tool.cancelled();
        return Err(None);
    }
    shared.duplicates().forget(key);
    let message = if shared.is_stopping() {
        STOPPING
    } else {
        TOO_LATE
    };
    let body = ErrorBody::new(ErrorKind::Unavailable, message);
    let response = Response::error(running.context.call_id(), body, 0);
    Err(Some(Ready::new(tool, running.reply.clone(), response)))
}

/// The answer to a call whose deadline came before it could start.
pub(super) const TOO_LATE: &str =
    "no place was free until the deadline of the call; it did not run";

/// The answer to a call that comes too late for the server.
pub(super) const STOPPING: &str = "the server is stopping";

/// A response that is ready to be sent.
struct Ready {
    reply: Reply,
    call_id: String,
    payload: Bytes,
}

impl Ready {
    fn new(tool: &Tool, reply: Reply, response: Response) -> Box<Self> {
        tool.answered(response.error_kind());
        Box::new(Self {
            payload: reply::encode(&response),
            call_id: response.call_id,
            reply,
        })
    }

    async fn send(self: Box<Self>, shared: &Shared, connection: &Connection) {
        let (reply, call_id) = (&self.reply, &self.call_id);
        reply
            .send_once(shared, connection, call_id, self.payload)
            .await;
    }
}

/// The answer to a repeat whose response was not kept.
const NOT_KEPT: &str = "this call has run already, and its result was not kept, being too large; \
                        calling again with a new id runs it again";

/// Why this caller may not call this tool.
fn unauthorized(shared: &Shared, tool: &Tool, caller: &Caller) -> Option<ErrorBody> {
    let (name, tool_name) = (caller.name(), tool.name());
    let message = if !tool.allows(name) {
        format!(
            "caller `{name}` may not call tool `{tool_name}`; its `allowed_callers` must name it"
        )
    } else if tool.requires_verified() && !caller.is_verified() {
        let topic = shared.identity.namespace.bound_call(tool_name, name);
        match shared.is_verified() {
            true => format!(
                "tool `{tool_name}` takes calls of verified callers alone; call it on `{topic}`"
            ),
            false => format!(
                "tool `{tool_name}` takes calls of verified callers alone, and this broker lets anybody call in \
                 anybody's name; load the policy that `acl` exports"
            ),
        }
    } else {
        return None;
    };
    Some(ErrorBody::new(ErrorKind::Unauthorized, message))
}

async fn execute(
    shared: &Arc<Shared>,
    connection: &Connection,
    ended: &Ended<'_>,
    running: Running,
    arguments: Map<String, Value>,
) {
    let context = &running.context;
    let span = span::of(&running, shared);
    let work = invoke(&running.tool, arguments, context.clone(), shared);
    let outcome = tokio::select! {
        biased;
        outcome = work.instrument(span.clone()) => outcome,
        // Whoever cancelled has taken the call out of the table and answers it.
        () = context.cancelled() => return,
    };
    span::ended(&span, &outcome);
    if let Some(running) = shared.calls.take(ended.ticket) {
        let answered = running.answer(shared, connection, outcome);
        ended.release();
        answered.await;
    }
}

/// Validates, decodes and runs; a panic in any of it is a `tool_error`.
async fn invoke(
    tool: &Tool,
    arguments: Map<String, Value>,
    context: ToolContext,
    shared: &Shared,
) -> Result<Output, ErrorBody> {
    let call = context.clone();
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
    let (tool, caller, call_id) = (tool.name(), call.caller().name(), call.call_id());
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

fn partials_target(shared: &Shared, incoming: &Incoming, call_id: &str, reply: &Reply) -> Target {
    if incoming.wants_inbox() {
        return Target::Inbox(reply.clone());
    }
    if !is_stream_id(call_id) {
        return Target::Nowhere;
    }
    let topic = shared
        .identity
        .namespace
        .stream(incoming.tool.name(), call_id);
    if !shared.streams.take(&topic) {
        let now = Instant::now();
        shared.refusals.count(Refusal::TakenStream, &topic, now);
        return Target::Nowhere;
    }
    Target::Stream(Reply {
        party: reply.party.clone(),
        topic,
        // Every caller of the tool may read it there, and then answer in this server's name.
        correlation: None,
        until: reply.until,
    })
}
