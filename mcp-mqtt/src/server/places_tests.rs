//! Who runs and who waits, without a clock.

use super::*;

fn party(name: &str) -> Party {
    Party::Verified(name.into())
}

fn want(name: &str) -> Want {
    Want {
        party: party(name),
        share: 9,
        shares: false,
        tool: None,
        bytes: 1,
    }
}

fn of_tool(name: &str, tool: &str, limit: usize) -> Want {
    Want {
        tool: Some((tool.into(), limit)),
        ..want(name)
    }
}

fn places(running: usize, waiting: usize) -> Places {
    Places::new(Bounds {
        running,
        waiting,
        waiting_bytes: 100,
    })
}

fn ticket(n: u64) -> Ticket {
    Ticket::of(n)
}

#[test]
fn what_cannot_run_waits_and_what_cannot_wait_is_refused() {
    let mut places = places(1, 1);
    assert_eq!(places.enter(ticket(1), &want("a")), Entry::Runs);
    assert_eq!(places.enter(ticket(2), &want("a")), Entry::Waits);
    assert_eq!(places.enter(ticket(3), &want("a")), Entry::Full);
    assert_eq!(places.next(), None);
    places.leave(&want("a"));
    assert_eq!(places.next(), Some(ticket(2)));
    places.leave(&want("a"));
    assert_eq!(places.next(), None);
    assert!(places.parties.is_empty() && places.turns.is_empty());
    assert_eq!(places.enter(ticket(4), &want("a")), Entry::Runs);
}

#[test]
fn bytes_that_wait_are_bounded() {
    let mut places = places(1, 9);
    let large = Want {
        bytes: 60,
        ..want("a")
    };
    assert_eq!(places.enter(ticket(1), &large), Entry::Runs);
    assert_eq!(places.enter(ticket(2), &large), Entry::Waits);
    assert_eq!(places.enter(ticket(3), &large), Entry::Full);
    places.forget(ticket(2), &large);
    assert_eq!(places.enter(ticket(4), &large), Entry::Waits);
}

#[test]
fn calls_of_one_caller_start_in_order_and_callers_take_turns() {
    let mut places = places(1, 9);
    places.enter(ticket(1), &want("a"));
    for (n, name) in [(2, "a"), (3, "a"), (4, "a"), (5, "b")] {
        assert_eq!(places.enter(ticket(n), &want(name)), Entry::Waits);
    }
    let mut order = Vec::new();
    let mut last = "a";
    for _ in 0..4 {
        places.leave(&want(last));
        let next = places.next().unwrap();
        last = if next == ticket(5) { "b" } else { "a" };
        order.push(next);
    }
    assert_eq!(order, [2, 5, 3, 4].map(ticket));
}

#[test]
fn a_caller_holds_no_more_than_its_share() {
    let mut places = places(3, 9);
    let greedy = Want {
        share: 2,
        ..want("a")
    };
    assert_eq!(places.enter(ticket(1), &greedy), Entry::Runs);
    assert_eq!(places.enter(ticket(2), &greedy), Entry::Runs);
    assert_eq!(places.enter(ticket(3), &greedy), Entry::Waits);
    assert_eq!(places.next(), None);
    assert_eq!(places.enter(ticket(4), &want("b")), Entry::Runs);
    places.leave(&greedy);
    assert_eq!(places.next(), Some(ticket(3)));
}

#[test]
fn a_caller_waits_in_no_more_than_half_of_the_queue() {
    let shares = |name, bytes| Want {
        shares: true,
        bytes,
        ..want(name)
    };
    let mut places = places(1, 4);
    assert_eq!(places.enter(ticket(1), &shares("a", 1)), Entry::Runs);
    assert_eq!(places.enter(ticket(2), &shares("a", 40)), Entry::Waits);
    assert_eq!(places.enter(ticket(3), &shares("a", 11)), Entry::Full);
    assert_eq!(places.enter(ticket(4), &shares("a", 10)), Entry::Waits);
    assert_eq!(places.enter(ticket(5), &shares("a", 0)), Entry::Full);
    places.forget(ticket(2), &shares("a", 40));
    assert_eq!(places.enter(ticket(6), &shares("a", 40)), Entry::Waits);
    // A single call may be larger.
    assert_eq!(places.enter(ticket(7), &shares("b", 50)), Entry::Waits);
    places.leave(&shares("a", 1));
    assert_eq!(places.next(), Some(ticket(4)));
    assert_eq!(places.enter(ticket(8), &shares("a", 0)), Entry::Waits);
}

#[test]
fn a_tool_with_a_limit_keeps_others_from_nothing() {
    let mut places = places(9, 9);
    let slow = of_tool("a", "slow", 1);
    assert_eq!(places.enter(ticket(1), &slow), Entry::Runs);
    assert_eq!(places.enter(ticket(2), &slow), Entry::Waits);
    assert_eq!(
        places.enter(ticket(3), &of_tool("b", "slow", 1)),
        Entry::Waits
    );
    assert_eq!(places.enter(ticket(4), &want("a")), Entry::Runs);
    assert_eq!(
        places.enter(ticket(5), &of_tool("a", "other", 1)),
        Entry::Runs
    );
    assert_eq!(places.next(), None);
    places.leave(&slow);
    assert_eq!(places.next(), Some(ticket(2)));
    assert_eq!(places.next(), None);
    places.leave(&slow);
    assert_eq!(places.next(), Some(ticket(3)));
}

#[test]
fn nobody_overtakes_those_that_wait_for_the_same() {
    let mut places = places(1, 9);
    places.enter(ticket(1), &want("a"));
    places.enter(ticket(2), &want("a"));
    places.leave(&want("a"));
    // Between the end of one and the start of the next.
    assert_eq!(places.enter(ticket(3), &want("a")), Entry::Waits);
    assert_eq!(places.next(), Some(ticket(2)));
}

#[test]
fn who_gives_up_leaves_nothing_behind() {
    let mut places = places(1, 9);
    places.enter(ticket(1), &want("a"));
    places.enter(ticket(2), &want("b"));
    places.forget(ticket(2), &want("b"));
    places.leave(&want("a"));
    assert_eq!(places.next(), None);
    assert_eq!((places.waiting, places.waiting_bytes), (0, 0));
    assert!(places.parties.is_empty() && places.turns.is_empty());
}

#[cfg(all(feature = "cli", feature = "metrics"))]
#[test]
fn who_runs_and_who_waits_is_counted() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let shows = |running: u8, queued: u8| {
        let text = recorder.handle().render();
        for line in [
            format!("mcp_mqtt_server_calls_running {running}"),
            format!("mcp_mqtt_server_calls_queued {queued}"),
        ] {
            assert!(text.lines().any(|l| l == line), "no `{line}` in:\n{text}");
        }
    };
    let mut places = places(1, 2);
    places.enter(ticket(1), &want("a"));
    places.enter(ticket(2), &want("a"));
    places.enter(ticket(3), &want("b"));
    places.enter(ticket(4), &want("b"));
    shows(1, 2);
    places.forget(ticket(2), &want("a"));
    places.forget(ticket(2), &want("a"));
    shows(1, 1);
    places.leave(&want("a"));
    shows(0, 1);
    assert_eq!(places.next(), Some(ticket(3)));
    shows(1, 0);
}
