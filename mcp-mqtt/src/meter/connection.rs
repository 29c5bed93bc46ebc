//! What is counted of a connection.

use super::handle::{Counter, counter};
use super::names;

#[derive(Debug)]
pub(crate) struct ConnectionMeter {
    losses: Counter,
    reconnects: Counter,
    is_lost: bool,
}

impl ConnectionMeter {
    pub(crate) fn register() -> Self {
        Self {
            losses: counter(names::LOSSES, &[]),
            reconnects: counter(names::RECONNECTS, &[]),
            is_lost: false,
        }
    }

    pub(crate) fn lost(&mut self) {
        self.is_lost = true;
        self.losses.increment(1);
    }

    pub(crate) fn connected(&mut self) {
        if std::mem::take(&mut self.is_lost) {
            self.reconnects.increment(1);
        }
    }
}
