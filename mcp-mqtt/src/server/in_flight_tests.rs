//! Who of several answers, without a clock but for the sleeper.

use std::sync::Arc;

use super::super::party::Party;
use super::*;

const SECOND: Duration = Duration::from_secs(1);

type Table = InFlight<&'static str, &'static str>;

fn table(running: usize, waiting: usize) -> Table {
    Table::new(Bounds {
        running,
        waiting,
        waiting_bytes: 99,
    })
}

fn arrive(table: &Table, deadline: Instant, call: &'static str) -> Arrived<&'static str> {
    noticed(table, deadline, None, call)
}

fn noticed(
    table: &Table,
    deadline: Instant,
    notice: Option<Instant>,
    call: &'static str,
) -> Arrived<&'static str> {
    let want = Want {
        party: Party::Claimed,
        share: 9,
        shares: false,
        tool: None,
        bytes: 1,
    };
    let arrival = Arrival {
        want,
        deadline,
        notice,
    };
    table.arrive(arrival, call)
}

fn started(table: &Table, deadline: Instant, now: Instant, call: &'static str) -> Ticket {
    let Arrived::Start(ticket, call) = arrive(table, deadline, call) else {
        panic!("it does not start");
    };
    assert_eq!(table.lock().run(ticket, call, now), Ran::Runs);
    ticket
}

#[test]
fn one_of_tool_and_deadline_answers() {
    let (table, now) = (table(9, 0), Instant::now());
    let late = started(&table, now + 2 * SECOND, now, "late");
    let early = started(&table, now + SECOND, now, "early");
    let due = table.due(now + SECOND);
    assert_eq!(due.expired, ["early"]);
    assert_eq!(table.take(early), None);
    assert_eq!(table.take(late), Some("late"));
    assert!(table.due(now + 9 * SECOND).expired.is_empty());
}

#[test]
fn what_waits_starts_in_order_when_a_place_is_free() {
    let (table, now) = (table(1, 2), Instant::now());
    let first = started(&table, now + SECOND, now, "first");
    assert_eq!(arrive(&table, now + SECOND, "second"), Arrived::Waits);
    assert_eq!(arrive(&table, now + SECOND, "third"), Arrived::Waits);
    assert_eq!(
        arrive(&table, now + SECOND, "fourth"),
        Arrived::Full("fourth")
    );
    assert_eq!(table.take(first), Some("first"));
    let next = table.release(first);
    assert_eq!(
        next.iter().map(|next| next.1).collect::<Vec<_>>(),
        ["second"]
    );
    // Its answer is on its way, so it still counts.
    assert_eq!(
        arrive(&table, now + SECOND, "fourth"),
        Arrived::Full("fourth")
    );
    assert!(table.end(first).is_empty(), "its place is given away");
    assert_eq!(arrive(&table, now + SECOND, "fourth"), Arrived::Waits);
    let next = table.end(next[0].0);
    assert_eq!(next[0].1, "third");
}

#[test]
fn who_waits_past_the_deadline_never_starts() {
    let (table, now) = (table(1, 2), Instant::now());
    let first = started(&table, now + 9 * SECOND, now, "first");
    arrive(&table, now + SECOND, "second");
    let due = table.due(now + SECOND);
    assert_eq!(due.unstarted.len(), 1);
    assert!(due.expired.is_empty());
    assert!(table.end(due.unstarted[0].0).is_empty());
    assert!(table.end(first).is_empty());
    assert!(table.is_idle());
}

#[test]
fn a_call_that_is_read_too_slowly_does_not_run() {
    let (table, now) = (table(1, 0), Instant::now());
    let Arrived::Start(ticket, call) = arrive(&table, now + SECOND, "call") else {
        panic!("it does not start");
    };
    assert!(table.due(now + SECOND).expired.is_empty());
    assert_eq!(table.lock().run(ticket, call, now + SECOND), Ran::Late);
    assert_eq!(table.take(ticket), None);
}

#[test]
fn a_call_that_is_stopped_while_it_is_read_does_not_run() {
    let (table, now) = (table(9, 0), Instant::now());
    let Arrived::Start(ticket, call) = arrive(&table, now + SECOND, "call") else {
        panic!("it does not start");
    };
    assert_eq!(table.stop(ticket), None);
    assert_eq!(table.lock().run(ticket, call, now), Ran::Stopped);
    let running = started(&table, now + SECOND, now, "other");
    assert_eq!(table.stop(running), Some("other"));
    assert!(table.due(now + SECOND).expired.is_empty());
}

#[test]
fn callers_are_told_once_that_their_calls_are_held_and_never_after_the_answer() {
    let (table, now) = (table(1, 9), Instant::now());
    let notice = Some(now + SECOND);
    let far = now + 9 * SECOND;
    let Arrived::Start(first, call) = noticed(&table, far, notice, "first") else {
        panic!("it does not start");
    };
    noticed(&table, far, notice, "second");
    arrive(&table, far, "third");
    let told = |now| {
        let held = table.due(now).held;
        held.into_iter().map(|held| held.1).collect::<Vec<_>>()
    };
    assert!(told(now).is_empty());
    // The first is being read.
    assert_eq!(told(now + SECOND), [Holding::Waits("second")]);
    assert_eq!(table.lock().run(first, call, now + SECOND), Ran::Runs);
    assert_eq!(told(now + SECOND + TICK), [Holding::Runs("first")]);
    assert!(told(now + 8 * SECOND).is_empty());
    assert_eq!(table.while_held(first, || 7), Some(7));
    table.take(first);
    assert_eq!(table.while_held(first, || 7), None);
}

#[test]
fn the_end_of_the_server_takes_what_is_left() {
    let (table, now) = (table(1, 9), Instant::now());
    let first = started(&table, now + SECOND, now, "first");
    arrive(&table, now + SECOND, "second");
    let (waiting, running) = table.take_all();
    assert_eq!((waiting.len(), running), (1, vec!["first"]));
    assert_eq!(table.take(first), None);
    assert!(table.end(waiting[0].0).is_empty());
    assert!(table.end(first).is_empty());
    assert!(table.is_idle());
}

#[test]
fn a_call_that_is_read_at_the_end_of_the_server_does_not_run() {
    let (table, now) = (table(9, 0), Instant::now());
    let Arrived::Start(ticket, call) = arrive(&table, now + 9 * SECOND, "call") else {
        panic!("it does not start");
    };
    assert_eq!(table.take_all(), (vec![], vec![]));
    assert_eq!(table.run(ticket, call), Ran::Late);
    assert!(table.end(ticket).is_empty());
}

#[test]
fn a_call_can_be_found_while_it_runs() {
    let (table, now) = (table(9, 0), Instant::now());
    started(&table, now + SECOND, now, "one");
    started(&table, now + SECOND, now, "two");
    assert_eq!(table.take_one(|call| *call == "two"), Some("two"));
    assert_eq!(table.take_one(|call| *call == "two"), None);
}

#[tokio::test]
async fn idle_comes_when_the_last_call_has_ended() {
    let table = Arc::new(table(9, 0));
    table.idle().await;
    let now = Instant::now();
    let ticket = started(&table, now + SECOND, now, "call");
    let waiting = tokio::spawn({
        let table = table.clone();
        async move { table.idle().await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    assert!(table.end(ticket).is_empty());
    waiting.await.unwrap();
}

#[test]
fn the_sleeper_wakes_for_a_call_that_comes_for_its_deadline_and_at_the_end() {
    let table = Arc::new(table(9, 0));
    let (wakes, woken) = std::sync::mpsc::channel();
    let sleeper = std::thread::spawn({
        let table = table.clone();
        move || {
            while table.sleep() {
                let expired = table.due(Instant::now()).expired;
                wakes.send(expired).unwrap();
            }
        }
    });
    let now = Instant::now();
    started(&table, now + 3 * TICK, now, "call");
    let mut expired = Vec::new();
    while expired.is_empty() {
        expired = woken.recv_timeout(9 * SECOND).unwrap();
    }
    assert_eq!(expired, ["call"]);
    assert!(now.elapsed() >= 3 * TICK);
    table.close();
    sleeper.join().unwrap();
}
