//! What was broken when, and whom it can have touched.

use std::time::{Duration, Instant};

/// What a machine may be late with a timer.
const SLACK: Duration = Duration::from_secs(1);

/// Something that was done to the system under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// SIGKILL of an instance.
    Kill(String),
    /// SIGTERM of an instance. It excuses nothing: whoever is terminated loses nothing.
    Terminate(String),
    /// The broker was away.
    Broker,
    /// The connection of an instance broke, and both its ends were told.
    ServerBroke(String),
    /// The connection of an instance stalled, and nobody was told.
    ServerStalled(String),
    /// The connection of a client broke, and both its ends were told.
    ClientBroke(usize),
    /// The connection of a client stalled, and nobody was told.
    ClientStalled(usize),
    /// A call was delivered to an instance twice. It excuses nothing.
    Repeated(String),
    /// No replica was there.
    Nobody,
}

/// One of them, with its time.
#[derive(Debug, Clone)]
pub struct Disturbance {
    /// What was done.
    pub what: What,
    /// When it began.
    pub from: Instant,
    /// When it was over; for a kill the same moment.
    pub until: Instant,
}

impl What {
    /// For the table.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Kill(_) => "replica killed",
            Self::Terminate(_) => "replica terminated",
            Self::Broker => "broker restarted",
            Self::ServerBroke(_) => "connection of a replica broken",
            Self::ServerStalled(_) => "connection of a replica stalled",
            Self::ClientBroke(_) => "connection of a client broken",
            Self::ClientStalled(_) => "connection of a client stalled",
            Self::Repeated(_) => "call delivered twice",
            Self::Nobody => "no replica there",
        }
    }

    /// Whether it can be why a call of `client` failed that ran on `instances`, none if nobody knows.
    pub fn touches(&self, client: usize, instances: &[String]) -> bool {
        match self {
            Self::Broker | Self::Nobody => true,
            Self::Kill(who) | Self::ServerBroke(who) | Self::ServerStalled(who) => {
                instances.is_empty() || instances.contains(who)
            }
            Self::ClientBroke(who) | Self::ClientStalled(who) => *who == client,
            Self::Terminate(_) | Self::Repeated(_) => false,
        }
    }

    /// Whether a client can be served meanwhile, though perhaps not by everybody.
    pub fn leaves_served(&self, client: usize) -> bool {
        match self {
            Self::Broker | Self::Nobody => false,
            Self::ClientBroke(who) | Self::ClientStalled(who) => *who != client,
            _ => true,
        }
    }
}

impl Disturbance {
    /// Until when a failure that it caused must be known.
    pub fn known_by(&self, closed: Duration, keep_alive: Duration) -> Instant {
        match self.what {
            What::ServerStalled(_) | What::ClientStalled(_) => {
                (self.from + 2 * keep_alive + SLACK).max(self.until + closed)
            }
            _ => self.until + closed,
        }
    }

    /// Whether it was at work at some moment between these, or had been up to `after` before.
    pub fn overlaps(&self, from: Instant, until: Instant, after: Duration) -> bool {
        self.from <= until && self.until + after >= from
    }
}
