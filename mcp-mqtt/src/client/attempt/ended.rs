//! How an attempt ends without a result: what its maker is told, and whether another one follows.

use std::time::Instant;

use super::super::ending;
use super::super::error::{CallError, Outcome, Refusal};
use super::super::link::{self, Link};
use super::super::retry::Reason;
use super::super::route::Failure;
use super::{Attempt, Next, Pause};
use crate::mqtt::{ConnectionError, PublishError, ReasonCode};

/// Why an attempt ended without a result, and whether another may follow.
pub(super) struct Ended {
    pub(super) error: CallError,
    pub(super) reason: Option<Reason>,
}

impl From<CallError> for Ended {
    fn from(error: CallError) -> Self {
        let reason = None;
        Self { error, reason }
    }
}

impl Attempt<'_> {
    /// Another attempt, or the end.
    pub(super) fn failed(&mut self, ended: Ended, now: Instant) -> Result<(), CallError> {
        let unknown = ended.error.outcome() == Outcome::Unknown;
        let again = ended.reason.and_then(|reason| {
            let repeatable = reason != Reason::NotSent && self.is_repeatable();
            self.retries.again(reason, repeatable, now)
        });
        let Some(again) = again else {
            return Err(self.last(ended.error));
        };
        tracing::debug!(
            tool = self.outgoing.tool,
            error = %ended.error,
            "a call is not answered, and is sent again"
        );
        if ended.reason != Some(Reason::NotSent) {
            self.client.shared.meter.retry();
        }
        self.may_have_run |= unknown;
        self.answered = false;
        self.publishing = None;
        self.pause = Some(Pause {
            at: again.at,
            patience: again.patience,
            last: ended.error,
        });
        Ok(())
    }

    /// Whether the call may be sent again though it may have run.
    pub(super) fn is_repeatable(&self) -> bool {
        self.retry
            && self
                .client
                .shared
                .lock()
                .directory
                .is_repeatable(&self.outgoing.tool)
    }

    /// What to do when it is time for the next attempt and there is no connection.
    pub(super) fn without_connection(&self, now: Instant) -> Result<Next, Ended> {
        let shared = &self.client.shared;
        let tool = &self.outgoing.tool;
        Err(match (shared.link_now(), &self.pause) {
            (Link::NoInbox(reason), _) => ending::no_inbox(tool, &shared.inbox, reason).into(),
            (Link::Ended(source), _) => self.connection(source).into(),
            (_, Some(pause)) if now < pause.patience => {
                return Ok(Next::Wait(Some(pause.patience)));
            }
            _ => self.connection(link::cause(shared)).into(),
        })
    }

    pub(super) fn outcome(&self) -> Outcome {
        if self.may_have_run || (self.pause.is_none() && self.route.may_have_run()) {
            Outcome::Unknown
        } else {
            Outcome::NotRun
        }
    }

    pub(super) fn gave_up(&self, failure: Failure, now: Instant) -> Ended {
        let message = match failure {
            Failure::Refused(form) => {
                let topic = self.outgoing.topic(&self.client.shared, form);
                let error = CallError::Unauthorized {
                    tool: self.outgoing.tool.clone(),
                    caller: self.client.shared.caller.clone(),
                    refusal: Refusal::Broker { topic },
                };
                return error.into();
            }
            Failure::Offline => "its card, or its server's, says offline",
            Failure::NoSubscriber => "nobody subscribes to its calls (reason code 0x10)",
            Failure::Absent => "it has no card that says online, and no response came",
        };
        // Where there was a server that was lost, another one may be about to start.
        let went = || {
            let state = self.client.shared.lock();
            state.directory.went_lately(&self.outgoing.tool, now)
        };
        let absent =
            failure == Failure::NoSubscriber || self.outcome() == Outcome::Unknown || went();
        Ended {
            error: self.unavailable(message.to_owned()),
            reason: absent.then_some(Reason::NoSubscriber),
        }
    }

    pub(super) fn unavailable(&self, message: String) -> CallError {
        CallError::Unavailable {
            tool: self.outgoing.tool.clone(),
            message,
            retry_after: None,
            outcome: self.outcome(),
        }
    }

    /// A request that the broker did not take.
    pub(super) fn not_taken(&self, error: PublishError) -> Ended {
        let tool = self.outgoing.tool.clone();
        match error {
            PublishError::TooLarge { size, limit } => CallError::TooLarge { tool, size, limit },
            PublishError::Refused(reason @ ReasonCode::QUOTA_EXCEEDED) => {
                self.unavailable(reason.to_string())
            }
            error => CallError::NotTaken {
                tool,
                reason: error.to_string(),
            },
        }
        .into()
    }

    pub(super) fn died(&self) -> Ended {
        let server = self.card.as_ref().map_or("?", |card| &card.server);
        Ended {
            error: CallError::ServerDied {
                tool: self.outgoing.tool.clone(),
                message: ending::died(server, self.fate.holder()),
                outcome: self.outcome(),
            },
            reason: Some(Reason::Died),
        }
    }

    pub(super) fn not_sent(&self) -> Ended {
        Ended {
            error: self.connection(link::cause(&self.client.shared)),
            reason: Some(Reason::NotSent),
        }
    }

    pub(super) fn connection_lost(&self, cause: ConnectionError) -> Ended {
        Ended {
            error: self.connection(cause),
            reason: Some(Reason::Lost),
        }
    }

    pub(super) fn connection(&self, source: ConnectionError) -> CallError {
        CallError::Connection {
            outcome: self.outcome(),
            retries: 0,
            source,
        }
    }

    /// The deadline is here.
    pub(super) fn late(&mut self) -> CallError {
        if let Some(pause) = self.pause.take() {
            return self.last(pause.last);
        }
        let error = match self.client.shared.link_now() {
            Link::Down(source) | Link::Ended(source) => self.connection(source),
            _ => ending::timed_out(&self.outgoing.tool, self.timeout, self.outcome()),
        };
        self.last(error)
    }

    pub(super) fn last(&self, error: CallError) -> CallError {
        error.after(self.retries.count(), self.may_have_run)
    }
}
