//! A message on the topic of a tool, before anything in it is believed: who sent it, whom to answer, and
//! until when.

use std::time::{Duration, Instant};

use super::address::{self, Address, AddressFault, Claims};
use super::in_flight::Arrival;
use super::party::Party;
use super::places::Want;
use super::refusals::Refusal;
use super::reply::Reply;
use super::shared::Shared;
use crate::mqtt::Message;
use crate::tool::Tool;
use crate::wire::{
    ArgumentFault, CallFault, CallRequest, ErrorBody, ErrorKind, INBOX_PROPERTY, MAX_TIMEOUT,
    Response, TIMEOUT_PROPERTY, TRACEPARENT_PROPERTY, TRACESTATE_PROPERTY, Topic, TraceContext,
};

/// A message on the topic of a tool.
pub(super) struct Incoming {
    pub(super) tool: Tool,
    /// The caller in the topic, if it is caller-bound.
    pub(super) bound: Option<String>,
    pub(super) party: Party,
    pub(super) message: Message,
    pub(super) received: Instant,
    /// The shorter of what the tool allows and what the caller waits.
    pub(super) deadline: Instant,
    /// When the caller has given up.
    until: Instant,
}

/// What is sent to whom, if there is somebody to answer.
pub(super) type Answer = Option<Box<(Reply, Response)>>;

/// A call that has a caller.
pub(super) struct Accepted {
    pub(super) request: CallRequest,
    pub(super) address: Address,
    pub(super) reply: Reply,
}

impl Incoming {
    pub(super) fn new(
        shared: &Shared,
        tool: Tool,
        bound: Option<String>,
        message: Message,
        received: Instant,
    ) -> Self {
        let party = Party::new(bound.as_deref(), shared.is_verified());
        let allowed = tool
            .timeout()
            .unwrap_or(shared.limits.timeout)
            .min(MAX_TIMEOUT);
        let waits = property(&message, TIMEOUT_PROPERTY).and_then(|ms| ms.parse().ok());
        let waits = waits.map(|ms| Duration::from_millis(ms).min(MAX_TIMEOUT));
        Self {
            deadline: received + waits.map_or(allowed, |waits| waits.min(allowed)),
            // Who does not say waits a while longer than the tool may take, or could not be told of that.
            until: received + waits.unwrap_or(allowed * 2),
            tool,
            bound,
            party,
            message,
            received,
        }
    }

    /// What it needs to run.
    pub(super) fn arrival(&self, shared: &Shared) -> Arrival {
        // Where nobody is vouched for, all callers are one: it shares with nobody.
        let shares = self.party.is_verified() || shared.is_verified();
        let share = match shares {
            true => shared.limits.per_caller(),
            false => shared.limits.max_in_flight,
        };
        Arrival {
            want: Want {
                party: self.party.clone(),
                share,
                shares,
                tool: self.tool.places(),
                bytes: self.message.payload.len(),
            },
            deadline: self.deadline,
            notice: self
                .wants_inbox()
                .then(|| self.received + shared.limits.accept_after.min(MAX_TIMEOUT)),
        }
    }

    /// Whether partial results and notices are wanted on the response topic.
    pub(super) fn wants_inbox(&self) -> bool {
        property(&self.message, INBOX_PROPERTY) == Some("1")
    }

    /// The trace that it is part of.
    pub(super) fn trace(&self) -> Option<TraceContext> {
        let parent = property(&self.message, TRACEPARENT_PROPERTY)?;
        let trace = TraceContext::parse(parent, property(&self.message, TRACESTATE_PROPERTY));
        if trace.is_none() {
            tracing::debug!("ignored a traceparent that is none");
        }
        trace
    }

    /// Where its caller is told of it, and its id, if that can be found out.
    pub(super) fn addressed(&self, shared: &Shared) -> Option<(Reply, String)> {
        let accepted = self.accept(shared).ok()?;
        Some((accepted.reply, accepted.request.call_id))
    }

    /// What to answer when the call is not taken; nothing was run.
    pub(super) fn refuse(&self, shared: &Shared, retry_after: Duration, message: &str) -> Answer {
        let mut body = ErrorBody::new(ErrorKind::Unavailable, message);
        // Rounded up: who comes too early is refused again.
        let millis = retry_after.as_nanos().div_ceil(1_000_000);
        body.retry_after_ms = Some(u64::try_from(millis).unwrap_or(u64::MAX));
        if self.message.payload.len() > MAX_REFUSED_PAYLOAD {
            return self.refuse_unread(shared, body);
        }
        match self.accept(shared) {
            Ok(accepted) => {
                let response = Response::error(accepted.request.call_id, body, 0);
                Some(Box::new((accepted.reply, response)))
            }
            Err(answer) => answer,
        }
    }

    /// The same from the properties alone, which name the inbox and by what the caller knows the call.
    fn refuse_unread(&self, shared: &Shared, body: ErrorBody) -> Answer {
        self.message.properties.correlation_data.as_ref()?;
        let address = self.address(shared, self.inbox_owner(shared), None).ok()?;
        Some(Box::new((
            self.reply(&address),
            Response::error("", body, 0),
        )))
    }

    /// Reads the payload and finds caller and inbox; otherwise what to answer, if there is a way.
    pub(super) fn accept(&self, shared: &Shared) -> Result<Accepted, Answer> {
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
                    .map_err(|fault| self.refuse_address(shared, fault, &request.call_id))?;
                let reply = self.reply(&address);
                Ok(Accepted {
                    request,
                    address,
                    reply,
                })
            }
            Err(fault) => Err(self.refuse_payload(shared, fault)),
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

    fn refuse_address(&self, shared: &Shared, fault: AddressFault, call_id: &str) -> Answer {
        let refusal = match fault {
            AddressFault::OtherThanTopic(address) => {
                let fault = ArgumentFault::new("/client", "is not the caller that the topic names");
                let response =
                    Response::error(call_id, ErrorBody::invalid_arguments(vec![fault]), 0);
                return Some(Box::new((self.reply(&address), response)));
            }
            AddressFault::ForeignResponseTopic => Refusal::ForeignResponseTopic,
            AddressFault::Missing | AddressFault::Name(_) => Refusal::Unanswerable,
        };
        let topic = &self.message.topic;
        shared.refusals.count(refusal, topic, Instant::now());
        None
    }

    /// A payload that is no call is answered if its properties say how: an inbox and correlation data.
    fn refuse_payload(&self, shared: &Shared, fault: CallFault) -> Answer {
        let named = self.inbox_owner(shared);
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
                Some(Box::new((self.reply(&address), response)))
            }
            Err(fault @ AddressFault::ForeignResponseTopic) => {
                self.refuse_address(shared, fault, "")
            }
            _ => self.refuse_address(shared, AddressFault::Missing, ""),
        }
    }

    /// Whose inbox the response topic is.
    fn inbox_owner(&self, shared: &Shared) -> Option<&str> {
        let topic = self.message.properties.response_topic.as_deref()?;
        match shared.identity.namespace.parse(topic) {
            Some(Topic::Inbox { client }) => Some(client),
            _ => None,
        }
    }

    fn reply(&self, address: &Address) -> Reply {
        Reply {
            party: self.party.clone(),
            topic: address.inbox.clone(),
            correlation: self.message.properties.correlation_data.clone(),
            until: self.until,
        }
    }
}

/// A refused call is read at once to find out whom to answer; a payload over this size is not worth that.
const MAX_REFUSED_PAYLOAD: usize = 64 * 1024;

/// The last one of a user property.
pub(super) fn property<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    let user = message.properties.user.iter();
    user.rev()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
