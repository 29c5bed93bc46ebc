//! Who may run now and who waits: so many calls in all, so many of one tool, so many of one caller.
//! Callers that wait take turns; the calls of one caller start in the order in which they came.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::in_flight::Ticket;
use super::party::Party;
use crate::meter::PlacesMeter;

/// The bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) running: usize,
    pub(super) waiting: usize,
    pub(super) waiting_bytes: usize,
}

/// What a call needs to run.
#[derive(Debug, Clone)]
pub(super) struct Want {
    pub(super) party: Party,
    /// The places that the party may hold.
    pub(super) share: usize,
    /// Whether others are to find room to wait: the party takes half of it at most.
    pub(super) shares: bool,
    /// The tool and its places, if it has a limit of its own.
    pub(super) tool: Option<(Arc<str>, usize)>,
    pub(super) bytes: usize,
}

/// What becomes of a call that comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Runs,
    Waits,
    /// There is no room to wait.
    Full,
}

pub(super) struct Places {
    bounds: Bounds,
    running: usize,
    /// How many calls run of each tool with a limit.
    tools: HashMap<Arc<str>, usize>,
    parties: HashMap<Party, Lanes>,
    /// The parties that wait, the next one first.
    turns: VecDeque<Party>,
    waiting: usize,
    waiting_bytes: usize,
    meter: PlacesMeter,
}

#[derive(Default)]
struct Lanes {
    running: usize,
    share: usize,
    waiting: usize,
    waiting_bytes: usize,
    /// Those that wait, a lane for each tool with a limit and one for all others; none is empty.
    lanes: Vec<Lane>,
}

struct Lane {
    tool: Option<(Arc<str>, usize)>,
    /// The sizes of those that wait.
    waiting: BTreeMap<Ticket, usize>,
}

impl Places {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            running: 0,
            tools: HashMap::new(),
            parties: HashMap::new(),
            turns: VecDeque::new(),
            waiting: 0,
            waiting_bytes: 0,
            meter: PlacesMeter::register(),
        }
    }

    /// A call comes: it runs at once if it may, and waits if there is room. Who runs is to
    /// [`leave`](Self::leave).
    pub(super) fn enter(&mut self, ticket: Ticket, want: &Want) -> Entry {
        let tool_has_place = has_place(&self.tools, want.tool.as_ref());
        let lanes = self.parties.entry(want.party.clone()).or_default();
        lanes.share = want.share;
        let lane = lanes.lanes.iter().position(|lane| lane.is_of(want));
        let free = self.running < self.bounds.running && lanes.running < lanes.share;
        if free && tool_has_place && lane.is_none() {
            lanes.running += 1;
            self.running += 1;
            self.meter.takes_place();
            if let Some((tool, _)) = &want.tool {
                *self.tools.entry(Arc::clone(tool)).or_default() += 1;
            }
            return Entry::Runs;
        }
        let bytes = self.waiting_bytes.saturating_add(want.bytes);
        let full = self.waiting >= self.bounds.waiting || bytes > self.bounds.waiting_bytes;
        if full || (want.shares && lanes.are_full(want.bytes, &self.bounds)) {
            self.tidy(&want.party);
            return Entry::Full;
        }
        self.waiting += 1;
        self.waiting_bytes = bytes;
        lanes.waiting += 1;
        lanes.waiting_bytes += want.bytes;
        self.meter.queues();
        if lanes.lanes.is_empty() {
            self.turns.push_back(want.party.clone());
        }
        match lane.and_then(|at| lanes.lanes.get_mut(at)) {
            Some(lane) => drop(lane.waiting.insert(ticket, want.bytes)),
            None => lanes.lanes.push(Lane {
                tool: want.tool.clone(),
                waiting: BTreeMap::from([(ticket, want.bytes)]),
            }),
        }
        Entry::Waits
    }

    /// A call that ran gives its place back.
    pub(super) fn leave(&mut self, want: &Want) {
        self.running = self.running.saturating_sub(1);
        self.meter.leaves_place();
        if let Some((tool, _)) = &want.tool
            && let Some(running) = self.tools.get_mut(tool)
        {
            *running -= 1;
            if *running == 0 {
                self.tools.remove(tool);
            }
        }
        if let Some(lanes) = self.parties.get_mut(&want.party) {
            lanes.running = lanes.running.saturating_sub(1);
        }
        self.tidy(&want.party);
    }

    /// A call that waits gives up.
    pub(super) fn forget(&mut self, ticket: Ticket, want: &Want) {
        let Some(lanes) = self.parties.get_mut(&want.party) else {
            return;
        };
        for lane in &mut lanes.lanes {
            if let Some(bytes) = lane.waiting.remove(&ticket) {
                self.waiting -= 1;
                self.waiting_bytes -= bytes;
                lanes.waiting -= 1;
                lanes.waiting_bytes -= bytes;
                self.meter.leaves_queue();
            }
        }
        lanes.lanes.retain(|lane| !lane.waiting.is_empty());
        if lanes.lanes.is_empty() {
            self.turns.retain(|party| *party != want.party);
        }
        self.tidy(&want.party);
    }

    /// The next one that may run now. It is to [`leave`](Self::leave).
    pub(super) fn next(&mut self) -> Option<Ticket> {
        if self.running >= self.bounds.running {
            return None;
        }
        let tools = &self.tools;
        let found = self.turns.iter().enumerate().find_map(|(turn, party)| {
            let lanes = self.parties.get(party)?;
            Some((turn, lanes.next(tools)?))
        });
        let (turn, lane) = found?;
        let party = self.turns.remove(turn)?;
        let lanes = self.parties.get_mut(&party)?;
        let waits = lanes.lanes.get_mut(lane)?;
        let (ticket, bytes) = waits.waiting.pop_first()?;
        if let Some((tool, _)) = &waits.tool {
            *self.tools.entry(Arc::clone(tool)).or_default() += 1;
        }
        if waits.waiting.is_empty() {
            lanes.lanes.swap_remove(lane);
        }
        lanes.running += 1;
        lanes.waiting -= 1;
        lanes.waiting_bytes -= bytes;
        self.running += 1;
        self.waiting -= 1;
        self.waiting_bytes -= bytes;
        self.meter.leaves_queue();
        self.meter.takes_place();
        if !lanes.lanes.is_empty() {
            self.turns.push_back(party);
        }
        Some(ticket)
    }

    /// Keeps nothing about a party that has no calls here.
    fn tidy(&mut self, party: &Party) {
        let idle = |lanes: &Lanes| lanes.running == 0 && lanes.lanes.is_empty();
        if self.parties.get(party).is_some_and(idle) {
            self.parties.remove(party);
        }
    }
}

impl Lanes {
    /// Whether one more would take more than half of the room to wait; a single call may be larger.
    fn are_full(&self, bytes: usize, bounds: &Bounds) -> bool {
        let half = (bounds.waiting.div_ceil(2), bounds.waiting_bytes / 2);
        self.waiting > 0 && (self.waiting >= half.0 || self.waiting_bytes + bytes > half.1)
    }

    /// The lane whose first call came first of those that may run.
    fn next(&self, tools: &HashMap<Arc<str>, usize>) -> Option<usize> {
        if self.running >= self.share {
            return None;
        }
        let lanes = self.lanes.iter().enumerate();
        lanes
            .filter(|(_, lane)| has_place(tools, lane.tool.as_ref()))
            .min_by_key(|(_, lane)| lane.waiting.first_key_value().map(|first| *first.0))
            .map(|(at, _)| at)
    }
}

impl Lane {
    fn is_of(&self, want: &Want) -> bool {
        let name = |tool: &Option<(Arc<str>, usize)>| tool.as_ref().map(|tool| Arc::clone(&tool.0));
        name(&self.tool) == name(&want.tool)
    }
}

fn has_place(tools: &HashMap<Arc<str>, usize>, tool: Option<&(Arc<str>, usize)>) -> bool {
    tool.is_none_or(|(name, limit)| tools.get(name).is_none_or(|running| running < limit))
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
