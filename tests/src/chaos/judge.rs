//! Compares what callers were told with what ran, and names what must not be.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::timeline::Disturbance;

/// Which tool was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tool {
    /// Must not run twice.
    Once,
    /// May run again.
    Again,
}

/// What a caller was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A result.
    Ok,
    /// A result that is not the one of this call.
    Wrong(String),
    /// That the tool did not run.
    NotRun(String),
    /// That nobody knows.
    Unknown(String),
    /// That the tool failed.
    Failed(String),
    /// Nothing until its deadline.
    Nothing(String),
    /// Not even then.
    Hung,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its number, which is its only argument.
    pub id: u64,
    /// The tool.
    pub tool: Tool,
    /// Which client.
    pub client: usize,
    /// When it began.
    pub start: Instant,
    /// When the caller was told.
    pub end: Instant,
    /// What.
    pub told: Told,
}

/// What must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A tool that must not run twice did.
    RanTwice,
    /// The caller got a result of a run that never was.
    OkWithoutRun,
    /// The caller was told that the tool did not run, and it ran.
    NotRunYetRan,
    /// The caller got another result, or the tool's failure, of a tool that does not fail.
    WrongAnswer,
    /// The caller heard nothing until its deadline, although it could be served for a while.
    Silent,
    /// The caller had to wait too long to hear of the failure.
    Late,
    /// A call that may run again failed, although it could be served before its deadline.
    Lost,
    /// A call failed that nothing violent touched; the end of a server in order is not violent.
    FailedInPeace,
    /// A replica did not end by SIGTERM.
    Stuck,
}

/// The bounds that hold for a run.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How soon a failure is known once a socket was closed.
    pub closed: Duration,
    /// The keep-alive of everybody.
    pub keep_alive: Duration,
    /// How long after a disturbance a call that begins may still fail at once.
    pub recovery: Duration,
    /// How long a client must be served at a stretch for a call to be made in.
    pub served: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            closed: Duration::from_secs(2),
            keep_alive: Duration::from_secs(5),
            recovery: Duration::from_secs(2),
            served: Duration::from_secs(3),
        }
    }
}

/// What must not be and was, each with a line about it.
pub type Violations = BTreeMap<Kind, Vec<String>>;

/// Which instances ran each call, in order.
pub type Runs = HashMap<u64, Vec<String>>;

/// Judges all calls.
pub fn judge(
    records: &[Record],
    runs: &Runs,
    disturbances: &[Disturbance],
    bounds: Bounds,
) -> Violations {
    let mut violations = Violations::new();
    for record in records {
        let runs = runs.get(&record.id).map_or(&[][..], Vec::as_slice);
        let case = Case {
            record,
            runs,
            disturbances,
            bounds,
        };
        for kind in case.faults() {
            violations.entry(kind).or_default().push(case.line());
        }
    }
    violations
}

struct Case<'a> {
    record: &'a Record,
    runs: &'a [String],
    disturbances: &'a [Disturbance],
    bounds: Bounds,
}

impl Case<'_> {
    fn faults(&self) -> Vec<Kind> {
        let (once, told) = (self.record.tool == Tool::Once, &self.record.told);
        let failed = matches!(told, Told::NotRun(_) | Told::Unknown(_));
        let unheard = matches!(told, Told::Nothing(_) | Told::Hung);
        let wrong = matches!(told, Told::Wrong(_) | Told::Failed(_));
        let checks = [
            (Kind::RanTwice, once && self.runs.len() > 1),
            (
                Kind::OkWithoutRun,
                *told == Told::Ok && self.runs.is_empty(),
            ),
            (
                Kind::NotRunYetRan,
                matches!(told, Told::NotRun(_)) && !self.runs.is_empty(),
            ),
            (Kind::WrongAnswer, wrong),
            (
                Kind::Silent,
                *told == Told::Hung || (once && unheard && self.was_served()),
            ),
            (
                Kind::Lost,
                !once && (failed || (unheard && self.was_served())),
            ),
            (Kind::Late, once && failed && self.is_late()),
            (Kind::FailedInPeace, once && failed && self.is_in_peace()),
        ];
        let faults = checks.into_iter().filter(|(_, is)| *is);
        faults.map(|(kind, _)| kind).collect()
    }

    /// The disturbances that can be why it failed.
    fn touching(&self) -> impl Iterator<Item = &Disturbance> {
        let Record {
            client, start, end, ..
        } = *self.record;
        let after = self.bounds.recovery;
        self.disturbances
            .iter()
            .filter(move |d| d.overlaps(start, end, after) && d.what.touches(client, self.runs))
    }

    fn is_in_peace(&self) -> bool {
        self.touching().next().is_none()
    }

    fn is_late(&self) -> bool {
        let Bounds {
            closed, keep_alive, ..
        } = self.bounds;
        let known = self
            .touching()
            .map(|d| d.known_by(closed, keep_alive))
            .max();
        let known = known
            .unwrap_or(self.record.start)
            .max(self.record.start + closed);
        self.record.end > known
    }

    /// Whether there was a stretch of time, long enough, in which it could have been served.
    fn was_served(&self) -> bool {
        let Record {
            client, start, end, ..
        } = *self.record;
        let mut outages: Vec<_> = self
            .disturbances
            .iter()
            .filter(|d| !d.what.leaves_served(client) && d.overlaps(start, end, Duration::ZERO))
            .collect();
        outages.sort_by_key(|d| d.from);
        let mut free = start;
        for outage in outages {
            if outage.from.saturating_duration_since(free) >= self.bounds.served {
                return true;
            }
            free = free.max(outage.until);
        }
        end.saturating_duration_since(free) >= self.bounds.served
    }

    fn line(&self) -> String {
        let Record {
            id,
            tool,
            client,
            start,
            end,
            told,
        } = self.record;
        let last = self.touching().max_by_key(|d| d.from);
        let last = match last {
            Some(d) => format!(
                "{} {:+.3} s after its start",
                d.what.word(),
                signed(d.from, *start)
            ),
            None => "nothing touched it".to_owned(),
        };
        let took = end.saturating_duration_since(*start).as_secs_f64();
        format!(
            "call {id} of {tool:?} by client {client}: told {told:?} after {took:.3} s; ran on {:?}; {last}",
            self.runs
        )
    }
}

fn signed(one: Instant, other: Instant) -> f64 {
    match one.checked_duration_since(other) {
        Some(after) => after.as_secs_f64(),
        None => -other.saturating_duration_since(one).as_secs_f64(),
    }
}

#[cfg(test)]
mod tests;
