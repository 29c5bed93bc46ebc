//! Which topic a call is published on, and when to give up: a state object without clock or socket.
//!
//! The rules are those of *Identity* and *Absence* in the wire format: the caller-bound topic where the
//! card announces it, the plain one where it does not, and without a card the bound one first. A call
//! is never published a second time on a topic that the same server would serve again.

use std::time::{Duration, Instant};

use crate::wire::ToolCard;

/// How long a card is waited for after its subscription was acknowledged before the call goes out
/// without: brokers send retained messages right behind the SUBACK.
pub(super) const CARD_GRACE: Duration = Duration::from_millis(20);

/// A tool without a card for this long after the SUBACK, and without a response, is absent.
pub(super) const ABSENT_AFTER: Duration = Duration::from_millis(250);

/// A response gets at least this long after the last PUBACK, on links where the PUBACKs alone take long.
const ANSWER_GRACE: Duration = Duration::from_millis(100);

/// What is known about a tool from its card and its server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// Not known yet: look again when something arrives, or at this time.
    Pending(Option<Instant>),
    /// Its card is watched since then, and there is none.
    Missing {
        /// When the broker acknowledged the subscription.
        since: Instant,
    },
    /// The broker does not let this caller read the card.
    Hidden,
    /// Its card says offline, or its server's does.
    Offline,
    /// It takes calls.
    Online {
        /// On the caller-bound topic.
        bound: bool,
        /// Partial results come to the inbox on request.
        inbox: bool,
    },
}

impl Sight {
    /// Of a tool that takes calls, by its card.
    pub(super) fn of(card: &ToolCard) -> Self {
        let extra = card.extra.as_ref();
        Self::Online {
            bound: extra.is_some_and(|extra| extra.bound),
            inbox: extra.is_some_and(|extra| extra.inbox),
        }
    }
}

/// The two forms of the call topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `…/call/{caller}`
    Bound,
    /// `…/call`
    Plain,
}

/// What the broker's PUBACK says of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ack {
    /// 0x00: somebody subscribes, though perhaps no server.
    Delivered,
    /// 0x10: nobody does.
    NoSubscriber,
    /// 0x87.
    Refused,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Publish the call, and tell [`Route::publishing`].
    Publish(Form),
    /// Wait for a PUBACK, a card, a response, or until then.
    Wait(Option<Instant>),
    /// The call is with a server, as far as can be known: wait for the response alone.
    Settled,
    /// Give up.
    Fail(Failure),
}

/// Why the call is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// A card says so. The call was not published, or reached nobody.
    Offline,
    /// PUBACK 0x10.
    NoSubscriber,
    /// PUBACK 0x87 on this form and, if both were tried, on the other.
    Refused(Form),
    /// Neither card nor response, although somebody subscribes.
    Absent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Untried,
    InFlight,
    Done(Ack),
}

/// The way of one call.
#[derive(Debug)]
pub(super) struct Route {
    started: Instant,
    last_ack: Instant,
    bound: Attempt,
    plain: Attempt,
    /// A server said that it has the call.
    accepted: bool,
}

impl Route {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            started: now,
            last_ack: now,
            bound: Attempt::Untried,
            plain: Attempt::Untried,
            accepted: false,
        }
    }

    /// The call is being published on this form.
    pub(super) fn publishing(&mut self, form: Form) {
        *self.attempt(form) = Attempt::InFlight;
    }

    /// The broker acknowledged it.
    pub(super) fn acknowledged(&mut self, form: Form, ack: Ack, now: Instant) {
        self.last_ack = now;
        *self.attempt(form) = Attempt::Done(ack);
    }

    /// It did not leave after all.
    pub(super) fn withdrawn(&mut self, form: Form) {
        *self.attempt(form) = Attempt::Untried;
    }

    /// A server says that it has the call, with or without a card.
    pub(super) fn accepted(&mut self) {
        self.accepted = true;
    }

    /// Whether the call may have reached somebody.
    pub(super) fn may_have_run(&self) -> bool {
        [self.bound, self.plain]
            .iter()
            .any(|a| matches!(a, Attempt::InFlight | Attempt::Done(Ack::Delivered)))
    }

    /// What to do now, by what is known of the tool.
    pub(super) fn next(&self, sight: Sight, now: Instant) -> Step {
        use Attempt::{Done, InFlight, Untried};
        if self.bound == InFlight || self.plain == InFlight {
            return Step::Wait(None);
        }
        if self.accepted {
            return Step::Settled;
        }
        if self.bound == Done(Ack::Delivered) || self.plain == Done(Ack::Delivered) {
            return self.delivered(sight, now);
        }
        match sight {
            Sight::Pending(until) => Step::Wait(until),
            Sight::Offline => Step::Fail(Failure::Offline),
            Sight::Online { bound: true, .. } => Self::only(self.bound, Form::Bound),
            Sight::Online { bound: false, .. } => Self::only(self.plain, Form::Plain),
            Sight::Missing { since } if self.bound == Untried && now < since + CARD_GRACE => {
                Step::Wait(Some(since + CARD_GRACE))
            }
            Sight::Missing { .. } | Sight::Hidden => match (self.bound, self.plain) {
                (Untried, _) => Step::Publish(Form::Bound),
                (_, Untried) => Step::Publish(Form::Plain),
                // A broker checks its policy before it looks for subscribers: one 0x10 proves that
                // this caller is allowed and that nobody serves.
                (Done(Ack::NoSubscriber), _) | (_, Done(Ack::NoSubscriber)) => {
                    Step::Fail(Failure::NoSubscriber)
                }
                // The bound form is what every policy of ours grants, and what to ask for.
                _ => Step::Fail(Failure::Refused(Form::Bound)),
            },
        }
    }

    /// Somebody subscribes to the topic; the cards say whether that is a server.
    fn delivered(&self, sight: Sight, now: Instant) -> Step {
        match sight {
            Sight::Online { bound: false, .. } if self.plain == Attempt::Untried => {
                Step::Publish(Form::Plain)
            }
            Sight::Online { bound: false, .. } => match self.plain {
                Attempt::Done(Ack::Delivered) => Step::Settled,
                attempt => Self::only(attempt, Form::Plain),
            },
            // Without a view of the cards nothing but the response or the timeout can tell.
            Sight::Online { bound: true, .. } | Sight::Hidden => Step::Settled,
            Sight::Pending(until) => Step::Wait(until),
            Sight::Missing { since } => self.absence(since, now),
            Sight::Offline => self.absence(self.started, now),
        }
    }

    fn absence(&self, since: Instant, now: Instant) -> Step {
        let deadline = (since.max(self.started) + ABSENT_AFTER).max(self.last_ack + ANSWER_GRACE);
        if now >= deadline {
            Step::Fail(Failure::Absent)
        } else {
            Step::Wait(Some(deadline))
        }
    }

    /// The card says that this form is the one.
    fn only(attempt: Attempt, form: Form) -> Step {
        match attempt {
            Attempt::Untried => Step::Publish(form),
            Attempt::InFlight => Step::Wait(None),
            Attempt::Done(Ack::Delivered) => Step::Settled,
            Attempt::Done(Ack::NoSubscriber) => Step::Fail(Failure::NoSubscriber),
            Attempt::Done(Ack::Refused) => Step::Fail(Failure::Refused(form)),
        }
    }

    fn attempt(&mut self, form: Form) -> &mut Attempt {
        match form {
            Form::Bound => &mut self.bound,
            Form::Plain => &mut self.plain,
        }
    }
}

#[cfg(test)]
mod tests;
