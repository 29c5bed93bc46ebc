//! Repeats, other payloads, cancels and bounds, without a clock.

use super::*;

struct Table {
    table: Duplicates,
    now: Instant,
    tickets: u64,
}

impl Table {
    fn new(remembered: usize) -> Self {
        Self {
            table: Duplicates::new(remembered),
            now: Instant::now(),
            tickets: 0,
        }
    }

    fn begin(&mut self, who: &Party, id: &str, payload: &str) -> Verdict {
        self.begin_one(who, id, payload, false)
    }

    fn begin_one(&mut self, who: &Party, id: &str, payload: &str, repeatable: bool) -> Verdict {
        self.tickets += 1;
        let candidate = Candidate {
            party: who,
            key: key(who, id),
            payload: hash(payload.as_bytes()),
            ticket: Ticket::of(self.tickets),
            deadline: self.now + Duration::from_secs(60),
            repeatable,
        };
        self.table.begin(candidate, || plain(who, id), self.now)
    }

    fn run(&mut self, who: &Party, id: &str, response: &str) {
        assert_eq!(self.begin(who, id, "p"), Verdict::Run);
        self.finish(who, id, response);
    }

    fn finish(&mut self, who: &Party, id: &str, response: &str) {
        let ending = Ending::Response(response.to_owned().into());
        self.table.finish(key(who, id), ending, self.now);
    }

    fn cancel(&mut self, who: &Party, key: Key) -> Stopped {
        let until = self.now + Duration::from_secs(10);
        self.table.cancel(who, key, until, self.now)
    }
}

fn scout() -> Party {
    Party::Verified("scout".into())
}

fn name(party: &Party) -> &str {
    match party {
        Party::Verified(name) => name,
        Party::Claimed => "scout",
    }
}

fn key(party: &Party, id: &str) -> Key {
    let id = Id::Correlation(id.as_bytes());
    Key::new(party.is_verified(), name(party), "greet", id)
}

fn plain(party: &Party, id: &str) -> Key {
    Key::new(party.is_verified(), name(party), "greet", Id::CallId(id))
}

#[test]
fn a_repeat_of_what_runs_runs_nothing_and_of_what_ended_gets_the_same_response() {
    let mut table = Table::new(9);
    assert_eq!(table.begin(&scout(), "1", "p"), Verdict::Run);
    assert_eq!(table.begin(&scout(), "1", "p"), Verdict::Running);
    table.finish(&scout(), "1", "done");
    let repeat = Verdict::Repeat("done".into());
    assert_eq!(table.begin(&scout(), "1", "p"), repeat);
    assert_eq!(table.begin(&scout(), "1", "p"), repeat);
}

#[test]
fn the_same_name_with_another_payload_is_never_a_repeat() {
    let mut table = Table::new(9);
    assert_eq!(table.begin(&scout(), "1", "p"), Verdict::Run);
    assert_eq!(table.begin(&scout(), "1", "q"), Verdict::OtherPayload);
    table.finish(&scout(), "1", "done");
    assert_eq!(table.begin(&scout(), "1", "q"), Verdict::OtherPayload);
}

#[test]
fn nobody_reaches_a_call_of_somebody_else() {
    let mut table = Table::new(9);
    table.run(&scout(), "1", "secret");
    for other in [Party::Claimed, Party::Verified("mallory".into())] {
        assert_eq!(table.begin(&other, "1", "p"), Verdict::Run);
        assert_eq!(table.cancel(&other, key(&other, "2")), Stopped::Unknown);
    }
    assert_eq!(table.begin(&scout(), "2", "p"), Verdict::Run);
    let keys = [("a", "bc"), ("ab", "c")]
        .map(|(caller, tool)| Key::new(true, caller, tool, Id::CallId("1")));
    assert_ne!(keys[0], keys[1]);
    assert_ne!(key(&scout(), "1"), plain(&scout(), "1"));
}

#[test]
fn a_large_response_is_not_kept_but_remembered() {
    let mut table = Table::new(9);
    table.run(&scout(), "1", &"x".repeat(LARGEST + 1));
    assert_eq!(table.begin(&scout(), "1", "p"), Verdict::NotKept);
    assert_eq!(table.table.bytes, 0);
}

#[test]
fn what_was_lost_while_it_ran_does_not_run_again_and_is_forgotten_in_time() {
    let mut table = Table::new(9);
    assert_eq!(table.begin(&scout(), "1", "p"), Verdict::Run);
    let lost = (key(&scout(), "1"), Ending::Lost);
    table.table.finish(lost.0, lost.1, table.now);
    assert_eq!(table.begin(&scout(), "1", "p"), Verdict::NotKept);
    table.now += AGE * 2;
    assert_eq!(table.begin(&scout(), "1", "p"), Verdict::Run);
}

#[test]
fn what_may_run_again_does_when_its_response_was_not_kept() {
    let mut table = Table::new(9);
    table.run(&scout(), "1", &"x".repeat(LARGEST + 1));
    assert_eq!(table.begin_one(&scout(), "1", "p", true), Verdict::Run);
    assert_eq!(table.begin_one(&scout(), "1", "p", true), Verdict::Running);
    // It is not forgotten as what has ended.
    table.now += AGE * 2;
    assert_eq!(table.begin_one(&scout(), "1", "p", true), Verdict::Running);
    table.finish(&scout(), "1", "done");
    let repeat = Verdict::Repeat("done".into());
    assert_eq!(table.begin_one(&scout(), "1", "p", true), repeat);
}

#[test]
fn what_runs_can_be_cancelled_and_then_has_no_answer() {
    let mut table = Table::new(9);
    assert_eq!(table.begin(&scout(), "1", "p"), Verdict::Run);
    let runs = Stopped::Runs(Ticket::of(1));
    assert_eq!(table.cancel(&scout(), key(&scout(), "1")), runs);
    table
        .table
        .finish(key(&scout(), "1"), Ending::Cancelled, table.now);
    assert_eq!(table.begin(&scout(), "1", "p"), Verdict::Cancelled);
    assert_eq!(table.cancel(&scout(), key(&scout(), "1")), Stopped::Ended);
    assert!(table.table.stones.is_empty());
}

#[test]
fn a_cancel_that_comes_first_waits_for_its_call_until_it_expires() {
    for of in [key, plain] {
        let mut table = Table::new(9);
        assert_eq!(table.cancel(&scout(), of(&scout(), "1")), Stopped::Unknown);
        assert_eq!(table.begin(&scout(), "1", "p"), Verdict::Cancelled);
        assert_eq!(table.begin(&scout(), "1", "p"), Verdict::Cancelled);
        assert_eq!(table.begin(&scout(), "2", "p"), Verdict::Run);
        table.now += Duration::from_secs(10);
        assert_eq!(table.begin(&scout(), "1", "p"), Verdict::Run);
        assert!(table.table.stones.is_empty());
    }
}

#[test]
fn cancels_that_wait_are_bounded_for_each_party_and_in_all() {
    let mut table = Table::new(9);
    for n in 0..PARTY_STONES + 9 {
        table.cancel(&scout(), key(&scout(), &n.to_string()));
    }
    assert_eq!(table.table.stones.len(), PARTY_STONES);
    assert_eq!(table.begin(&scout(), "0", "p"), Verdict::Run, "forgotten");
    for n in 0..ALL_STONES {
        let party = Party::Verified(format!("c{n}").into());
        table.cancel(&party, key(&party, "1"));
    }
    assert_eq!(table.table.stones.len(), ALL_STONES);
    table.now += Duration::from_secs(10);
    let late = Party::Verified("late".into());
    table.cancel(&late, key(&late, "1"));
    assert_eq!(table.table.stones.len(), 1);
    assert_eq!(table.table.parties.len(), 1);
}

#[test]
fn the_oldest_are_forgotten_and_what_runs_never_is() {
    let mut table = Table::new(2);
    assert_eq!(table.begin(&scout(), "running", "p"), Verdict::Run);
    for id in ["1", "2", "3"] {
        table.run(&scout(), id, "done");
    }
    assert_eq!(table.begin(&scout(), "running", "p"), Verdict::Running);
    assert_eq!(
        table.begin(&scout(), "3", "p"),
        Verdict::Repeat("done".into())
    );
    assert_eq!(table.begin(&scout(), "1", "p"), Verdict::Run);
    assert_eq!(table.table.bytes, 8);
}

#[test]
fn bytes_are_bounded_for_each_party() {
    let mut table = Table::new(9999);
    let response = "x".repeat(LARGEST);
    for n in 0..=PARTY_BYTES / LARGEST {
        table.run(&scout(), &n.to_string(), &response);
    }
    assert_eq!(table.table.bytes, PARTY_BYTES);
    assert_eq!(table.begin(&scout(), "0", "p"), Verdict::Run);
}

#[test]
fn many_parties_push_out_their_own() {
    let mut table = Table::new(9999);
    table.run(&scout(), "1", "done");
    let response = "x".repeat(LARGEST);
    let parties = ALL_BYTES / PARTY_BYTES + 1;
    for party in 0..parties {
        let party = Party::Verified(format!("c{party}").into());
        for n in 0..PARTY_BYTES / LARGEST {
            table.run(&party, &n.to_string(), &response);
        }
    }
    assert!(table.table.bytes <= ALL_BYTES);
    assert_eq!(
        table.begin(&scout(), "1", "p"),
        Verdict::Repeat("done".into())
    );
}

#[test]
fn what_is_old_is_forgotten_but_not_before_its_deadline() {
    let mut table = Table::new(9);
    table.run(&scout(), "1", "done");
    table.now += AGE - Duration::from_secs(1);
    assert_eq!(
        table.begin(&scout(), "1", "p"),
        Verdict::Repeat("done".into())
    );
    table.now += Duration::from_secs(1);
    assert_eq!(table.begin(&scout(), "1", "p"), Verdict::Run);

    let long = Candidate {
        party: &scout(),
        key: key(&scout(), "2"),
        payload: hash(b"p"),
        ticket: Ticket::of(7),
        deadline: table.now + 9 * AGE,
        repeatable: false,
    };
    assert_eq!(
        table.table.begin(long, || plain(&scout(), "2"), table.now),
        Verdict::Run
    );
    table.finish(&scout(), "2", "done");
    table.now += 8 * AGE;
    assert_eq!(
        table.begin(&scout(), "2", "p"),
        Verdict::Repeat("done".into())
    );
    table.now += AGE;
    table.table.expire_all(table.now);
    assert!(table.table.parties.is_empty());
}
