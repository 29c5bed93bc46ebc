//! Where the one or two connections of a client are, and what is wanted of them. Knows no lock and no task.

use rumqttc::v5::AsyncClient;

use super::ledger::Ledger;
use super::limits::Limits;
use super::request::Role;

/// What the handles want of the polling task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Stay,
    /// What was asked for is finished, then the connection becomes two; what comes waits for them.
    Split,
    /// What was asked for is finished, then the connection ends; what comes is refused.
    Close,
}

/// One connection, as its requests see it.
pub(super) struct Line {
    pub(super) client: AsyncClient,
    pub(super) ledger: Ledger,
    /// `Some` while connected.
    pub(super) limits: Option<Limits>,
    /// DISCONNECT is queued: nothing may come behind it.
    pub(super) left: bool,
}

impl Line {
    pub(super) fn new(client: AsyncClient) -> Self {
        Self {
            client,
            ledger: Ledger::default(),
            limits: None,
            left: false,
        }
    }

    pub(super) fn leave(&mut self) {
        // Queued without a connection, it would end the next one.
        if !self.left && self.limits.is_some() {
            self.left = true;
            // The last place in the queue is kept for it.
            drop(self.client.try_disconnect());
        }
    }
}

pub(super) struct State {
    pub(super) intent: Intent,
    /// It may be split.
    pub(super) divisible: bool,
    pub(super) publishing: Line,
    /// `None`: the other one is for everything.
    pub(super) subscribing: Option<Line>,
    /// Requests made before the close that have no room yet.
    pub(super) waiting: usize,
    /// The handler knows of the connection, but what it asked for then has no answers yet.
    pub(super) settling: bool,
}

impl State {
    pub(super) fn new(client: AsyncClient, divisible: bool) -> Self {
        Self {
            intent: Intent::Stay,
            divisible,
            publishing: Line::new(client),
            subscribing: None,
            waiting: 0,
            settling: false,
        }
    }

    pub(super) fn line(&mut self, role: Role) -> &mut Line {
        match (role, &mut self.subscribing) {
            (Role::Subscribing, Some(line)) => line,
            _ => &mut self.publishing,
        }
    }

    pub(super) fn lines(&mut self) -> impl Iterator<Item = &mut Line> {
        std::iter::once(&mut self.publishing).chain(&mut self.subscribing)
    }

    /// What was asked of the task is done, or is not to be; nothing takes back a close.
    pub(super) fn stay(&mut self) {
        if self.intent == Intent::Split {
            self.intent = Intent::Stay;
        }
    }

    /// Says goodbye if nothing is left that this waits for.
    pub(super) fn leave_if_done(&mut self) {
        if self.intent != Intent::Stay
            && self.waiting == 0
            && self.lines().all(|line| line.ledger.is_idle())
        {
            self.publishing.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use rumqttc::v5::MqttOptions;

    use super::*;
    use crate::mqtt::half::queue;

    #[test]
    fn goodbye_is_said_once_and_only_on_a_connection() {
        let (client, mut eventloop) = queue(MqttOptions::new("id", "h", 1));
        let mut state = State::new(client, true);
        state.intent = Intent::Split;
        state.leave_if_done();
        state.publishing.limits = Some(Limits::default());
        state.waiting = 1;
        state.leave_if_done();
        eventloop.clean();
        assert!(eventloop.pending.is_empty());
        state.waiting = 0;
        state.leave_if_done();
        state.leave_if_done();
        eventloop.clean();
        assert_eq!(eventloop.pending.len(), 1);
    }
}
