//! Which calls have come before, so that none runs twice, and which were cancelled before they came.
//!
//! Names are hashed together with whoever gave them: what a caller sends takes the same room however long it
//! is, and nobody reaches a call of somebody else. What is remembered is bounded for each party in count,
//! bytes and age, and in all. Time comes in as values.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::in_flight::Ticket;
use super::party::Party;

/// A response of more bytes is not kept.
const LARGEST: usize = 64 * 1024;
/// The bytes of responses that are kept for one party.
const PARTY_BYTES: usize = 4 * 1024 * 1024;
/// The bytes of responses that are kept in all, and the calls.
const ALL_BYTES: usize = 64 * 1024 * 1024;
const ALL_CALLS: usize = 64 * 1024;
/// For how long, if the call could not have gone on for longer.
const AGE: Duration = Duration::from_secs(300);
/// The cancels that wait for their calls, of one party and in all.
const PARTY_STONES: usize = 256;
const ALL_STONES: usize = 4096;

/// SHA-256 of something.
pub(super) type Hash = [u8; 32];

/// What names a call of one caller: its correlation data or, without, its `call_id`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Id<'a> {
    Correlation(&'a [u8]),
    CallId(&'a str),
}

/// A call, by all that tells it from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key(Hash);

impl Key {
    pub(super) fn new(verified: bool, caller: &str, tool: &str, id: Id<'_>) -> Self {
        let (kind, id) = match id {
            Id::Correlation(data) => (0, data),
            Id::CallId(id) => (1, id.as_bytes()),
        };
        // No name holds a zero.
        let hash = Sha256::new()
            .chain_update([u8::from(verified), kind])
            .chain_update(caller)
            .chain_update([0])
            .chain_update(tool)
            .chain_update([0])
            .chain_update(id);
        Self(hash.finalize().into())
    }
}

/// The hash of a payload.
pub(super) fn hash(payload: &[u8]) -> Hash {
    Sha256::digest(payload).into()
}

/// A call that is about to run.
pub(super) struct Candidate<'a> {
    pub(super) party: &'a Party,
    pub(super) key: Key,
    pub(super) payload: Hash,
    pub(super) ticket: Ticket,
    pub(super) deadline: Instant,
    /// Whether it may run again if its response is there no more.
    pub(super) repeatable: bool,
}

/// What is to be done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It runs, and is to be [`finish`](Duplicates::finish)ed.
    Run,
    /// It was cancelled: there is no answer.
    Cancelled,
    /// It runs already, and its answer will come.
    Running,
    /// It has run; this was the response.
    Repeat(Bytes),
    /// It has run; the response was too large to be kept, or lost.
    NotKept,
    /// Another call had this name.
    OtherPayload,
}

/// What a cancel found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It runs: whoever cancels it is to stop it.
    Runs(Ticket),
    Ended,
    /// It has not come yet, and will not run when it does.
    Unknown,
}

/// How a call ended.
#[derive(Debug)]
pub(super) enum Ending {
    Response(Bytes),
    Cancelled,
    /// With its task, which may have run it.
    Lost,
}

pub(super) struct Duplicates {
    /// How many answered calls of one party are remembered.
    remembered: usize,
    calls: HashMap<Key, Seen>,
    /// Cancels whose calls have not come, until when.
    stones: HashMap<Key, Instant>,
    parties: HashMap<Party, Memory>,
    bytes: usize,
}

struct Seen {
    party: Party,
    payload: Hash,
    state: State,
    deadline: Instant,
}

enum State {
    Running(Ticket),
    Response(Bytes),
    NotKept,
    Cancelled,
}

/// What is remembered of one party, the oldest first. What runs is no part of it: it is bounded elsewhere.
#[derive(Default)]
struct Memory {
    ended: VecDeque<(Instant, Key)>,
    bytes: usize,
    stones: VecDeque<(Instant, Key)>,
}

impl Duplicates {
    pub(super) fn new(remembered: usize) -> Self {
        Self {
            remembered,
            calls: HashMap::new(),
            stones: HashMap::new(),
            parties: HashMap::new(),
            bytes: 0,
        }
    }

    /// Looks whether a call is to run. `by_id` is the key that a cancel without correlation data has.
    pub(super) fn begin(
        &mut self,
        call: Candidate<'_>,
        by_id: impl FnOnce() -> Key,
        now: Instant,
    ) -> Verdict {
        self.expire(call.party, now);
        if let Some(seen) = self.calls.get_mut(&call.key) {
            if seen.payload != call.payload {
                return Verdict::OtherPayload;
            }
            return match &seen.state {
                State::Running(_) => Verdict::Running,
                State::Response(response) => Verdict::Repeat(response.clone()),
                State::NotKept if call.repeatable => {
                    seen.state = State::Running(call.ticket);
                    seen.deadline = call.deadline;
                    if let Some(memory) = self.parties.get_mut(call.party) {
                        memory.ended.retain(|(_, key)| *key != call.key);
                    }
                    Verdict::Run
                }
                State::NotKept => Verdict::NotKept,
                State::Cancelled => Verdict::Cancelled,
            };
        }
        let stones = &self.stones;
        if !stones.is_empty() && (stones.contains_key(&call.key) || stones.contains_key(&by_id())) {
            return Verdict::Cancelled;
        }
        let seen = Seen {
            party: call.party.clone(),
            payload: call.payload,
            state: State::Running(call.ticket),
            deadline: call.deadline,
        };
        self.calls.insert(call.key, seen);
        Verdict::Run
    }

    /// A call that was to run did not.
    pub(super) fn forget(&mut self, key: Key) {
        self.calls.remove(&key);
    }

    /// A call that ran has ended.
    pub(super) fn finish(&mut self, key: Key, ending: Ending, now: Instant) {
        let running = |seen: &&mut Seen| matches!(seen.state, State::Running(_));
        let Some(seen) = self.calls.get_mut(&key).filter(running) else {
            return;
        };
        let (state, bytes) = match ending {
            Ending::Cancelled => (State::Cancelled, 0),
            Ending::Lost => (State::NotKept, 0),
            Ending::Response(response) if response.len() > LARGEST => (State::NotKept, 0),
            Ending::Response(response) => {
                let bytes = response.len();
                (State::Response(response), bytes)
            }
        };
        seen.state = state;
        let party = seen.party.clone();
        let until = seen.deadline.max(now + AGE);
        let memory = self.parties.entry(party.clone()).or_default();
        memory.ended.push_back((until, key));
        memory.bytes += bytes;
        self.bytes += bytes;
        while self.parties.get(&party).is_some_and(|memory| {
            memory.ended.len() > self.remembered || memory.bytes > PARTY_BYTES
        }) {
            self.forget_oldest(&party);
        }
        while self.bytes > ALL_BYTES || self.calls.len() > ALL_CALLS {
            // Whoever has most to remember forgets first: nobody pushes out what little another has.
            let most = self
                .parties
                .iter()
                .max_by_key(|(_, memory)| memory.weight());
            let Some(party) = most
                .filter(|most| most.1.weight() > 0)
                .map(|most| most.0.clone())
            else {
                return;
            };
            self.forget_oldest(&party);
        }
    }

    /// A call is cancelled; if it is still to come, that holds until `until`.
    pub(super) fn cancel(
        &mut self,
        party: &Party,
        key: Key,
        until: Instant,
        now: Instant,
    ) -> Stopped {
        self.expire(party, now);
        match self.calls.get(&key).map(|seen| &seen.state) {
            Some(State::Running(ticket)) => return Stopped::Runs(*ticket),
            Some(_) => return Stopped::Ended,
            None => {}
        }
        if self.stones.len() >= ALL_STONES {
            self.expire_all(now);
        }
        let memory = self.parties.entry(party.clone()).or_default();
        if memory.stones.len() >= PARTY_STONES
            && let Some((_, oldest)) = memory.stones.pop_front()
        {
            self.stones.remove(&oldest);
        }
        if self.stones.len() < ALL_STONES && self.stones.insert(key, until).is_none() {
            memory.stones.push_back((until, key));
        }
        Stopped::Unknown
    }

    /// Forgets what is over for `party`.
    fn expire(&mut self, party: &Party, now: Instant) {
        let due = |queue: &VecDeque<(Instant, Key)>| queue.front().is_some_and(|at| at.0 <= now);
        while self
            .parties
            .get(party)
            .is_some_and(|memory| due(&memory.ended))
        {
            self.forget_oldest(party);
        }
        while let Some(memory) = self.parties.get_mut(party)
            && due(&memory.stones)
            && let Some((_, key)) = memory.stones.pop_front()
        {
            self.stones.remove(&key);
        }
    }

    /// Forgets what is over for everybody.
    pub(super) fn expire_all(&mut self, now: Instant) {
        let parties: Vec<Party> = self.parties.keys().cloned().collect();
        for party in &parties {
            self.expire(party, now);
        }
        self.parties
            .retain(|_, memory| !memory.ended.is_empty() || !memory.stones.is_empty());
    }

    fn forget_oldest(&mut self, party: &Party) {
        let Some(memory) = self.parties.get_mut(party) else {
            return;
        };
        let Some((_, key)) = memory.ended.pop_front() else {
            return;
        };
        if let Some(Seen {
            state: State::Response(response),
            ..
        }) = self.calls.remove(&key)
        {
            memory.bytes -= response.len();
            self.bytes -= response.len();
        }
    }
}

impl Memory {
    fn weight(&self) -> usize {
        self.bytes + self.ended.len() * size_of::<Seen>()
    }
}

#[cfg(test)]
#[path = "duplicates_tests.rs"]
mod tests;
