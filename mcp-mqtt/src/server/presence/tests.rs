//! The machine alone, several of them against a pretended broker, and what hostile cards do to it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::super::instance::Instance;
use super::machine::{Action, Card, Machine};
use super::sight::Sight;
use crate::wire::InstanceStatus;

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

fn instance(name: &str, started_ms: u64) -> Instance {
    Instance {
        name: name.to_owned(),
        started_ms,
    }
}

fn machine(name: &str, started_ms: u64) -> Machine {
    Machine::new(instance(name, started_ms), MILLI)
}

fn cards() -> [Card; 2] {
    [Card::Server, Card::Tool("greet".to_owned())]
}

/// A machine on its first session, with everything online as it would publish it.
fn serving(name: &str, started_ms: u64, now: Instant) -> Machine {
    let mut machine = machine(name, started_ms);
    machine.connected(cards());
    machine.show(now);
    machine.saw_own(Some(1), now);
    for card in cards() {
        machine.saw(card, Sight::Ours, now);
    }
    machine.has_read(now);
    assert!(published(&mut machine, now).is_empty());
    machine
}

/// What it publishes by `now`.
fn published(machine: &mut Machine, now: Instant) -> BTreeSet<Card> {
    let actions = machine.act(now).into_iter();
    let cards = actions.filter_map(|action| match action {
        Action::Publish(cards) => Some(cards),
        _ => None,
    });
    cards.flatten().collect()
}

#[test]
fn the_first_start_publishes_what_is_not_there_at_once() {
    let now = Instant::now();
    let mut machine = machine("a", 1);
    machine.connected(cards());
    machine.saw(Card::Server, Sight::Down, now);
    machine.has_read(now);
    assert_eq!(published(&mut machine, now), BTreeSet::from(cards()));
    assert!(published(&mut machine, now + 9 * SECOND).is_empty());
}

#[test]
fn a_start_publishes_nothing_that_is_there() {
    serving("a", 1, Instant::now());
}

#[test]
fn a_start_replaces_other_content_unless_a_live_owner_is_above() {
    let now = Instant::now();
    for (started_ms, status, replaced) in [
        (1, InstanceStatus::Online, true),
        (9, InstanceStatus::Online, false),
        (9, InstanceStatus::Leaving, true),
    ] {
        let mut machine = machine("b", 5);
        machine.connected(cards());
        machine.saw_peer("a", Some((started_ms, status)), now);
        for card in cards() {
            machine.saw(card, Sight::Other, now);
        }
        machine.has_read(now);
        let expected = if replaced {
            cards().into()
        } else {
            BTreeSet::new()
        };
        assert_eq!(
            published(&mut machine, now),
            expected,
            "{started_ms} {status:?}"
        );
    }
}

#[test]
fn a_later_session_waits_a_little_because_others_come_back_as_well() {
    let now = Instant::now();
    let mut machine = serving("a", 1, now);
    machine.connected(cards());
    machine.has_read(now);
    assert!(published(&mut machine, now).is_empty());
    assert_eq!(
        published(&mut machine, now + MILLI),
        BTreeSet::from(cards())
    );
}

#[test]
fn a_last_will_is_healed_and_its_instance_cleared() {
    let now = Instant::now();
    let mut machine = serving("a", 1, now);
    machine.saw_peer("b", Some((2, InstanceStatus::Online)), now);
    machine.saw_gone("b", now);
    machine.saw(Card::Server, Sight::Down, now);
    assert!(machine.due().is_some_and(|due| due <= now + SECOND));
    let actions = machine.act(now + SECOND);
    assert!(
        actions.contains(&Action::Clear("b".to_owned())),
        "{actions:?}"
    );
    assert!(
        actions.contains(&Action::Publish([Card::Server].into())),
        "{actions:?}"
    );
}

#[test]
fn a_late_will_of_the_own_last_connection_is_healed_and_the_card_shown_again() {
    let now = Instant::now();
    let mut machine = serving("a", 1, now);
    machine.saw_gone("a", now);
    machine.saw(Card::Server, Sight::Down, now);
    // What the other instances do about it.
    machine.saw_own(None, now);
    let actions = machine.act(now + SECOND);
    assert_eq!(
        actions,
        [Action::Show, Action::Publish([Card::Server].into())]
    );
}

#[test]
fn an_unknown_instance_that_is_told_to_be_gone_is_not_cleared() {
    let now = Instant::now();
    let mut machine = serving("a", 1, now);
    for name in ["b", "#", "a/../b", ""] {
        machine.saw_gone(name, now);
    }
    assert!(machine.act(now + SECOND).is_empty());
}

#[test]
fn repairs_come_at_most_once_per_second() {
    let start = Instant::now();
    let mut machine = serving("a", 1, start);
    let mut repairs = 0;
    for step in 0..1000 {
        let now = start + 10 * step * MILLI;
        machine.saw(Card::Server, Sight::Down, now);
        repairs += published(&mut machine, now).len();
    }
    assert_eq!(repairs, 10);
}

#[test]
fn a_cleared_own_card_comes_back_at_most_once_per_second() {
    let start = Instant::now();
    let mut machine = serving("a", 1, start);
    let mut shown = 0;
    for step in 0..1000 {
        let now = start + 10 * step * MILLI;
        machine.saw_own(None, now);
        if machine.act(now).contains(&Action::Show) {
            machine.show(now);
            shown += 1;
        }
    }
    assert_eq!(shown, 9);
}

#[test]
fn the_own_card_is_refreshed_thrice_in_its_life() {
    let start = Instant::now();
    let mut machine = serving("a", 1, start);
    assert!(machine.act(start + 15 * SECOND).is_empty());
    assert_eq!(machine.act(start + 20 * SECOND), [Action::Show]);
    machine.refused();
    machine.show(start + 20 * SECOND);
    assert!(
        machine.act(start + 60 * SECOND).is_empty(),
        "the broker does not take it"
    );
}

/// Two instances with different content see what either publishes.
#[test]
fn two_instances_with_other_content_do_not_publish_in_turns() {
    let start = Instant::now();
    let mut old = serving("a", 1, start);
    let mut new = serving("b", 2, start);
    old.saw_peer("b", Some((2, InstanceStatus::Online)), start);
    new.saw_peer("a", Some((1, InstanceStatus::Online)), start);
    for downs in 0..3 {
        let begun = start + 10 * SECOND * downs;
        for machine in [&mut old, &mut new] {
            machine.saw(Card::Server, Sight::Down, begun);
        }
        let mut publishes = Vec::new();
        for step in 0..5000 {
            let now = begun + step * MILLI;
            if !published(&mut old, now).is_empty() {
                publishes.push("old");
                old.saw(Card::Server, Sight::Ours, now);
                new.saw(Card::Server, Sight::Other, now);
            }
            if !published(&mut new, now).is_empty() {
                publishes.push("new");
                new.saw(Card::Server, Sight::Ours, now);
                old.saw(Card::Server, Sight::Other, now);
            }
        }
        assert_eq!(publishes, ["new"], "the later start owns the content");
    }
}

#[test]
fn when_the_owner_leaves_the_next_one_puts_its_own_content_there_once() {
    let now = Instant::now();
    let mut old = serving("a", 1, now);
    old.saw_peer("b", Some((2, InstanceStatus::Online)), now);
    old.saw(Card::Server, Sight::Other, now);
    assert!(published(&mut old, now + 9 * SECOND).is_empty());
    old.saw_peer("b", Some((2, InstanceStatus::Leaving)), now + 9 * SECOND);
    assert_eq!(
        published(&mut old, now + 10 * SECOND),
        BTreeSet::from([Card::Server])
    );
    old.saw(Card::Server, Sight::Other, now + 10 * SECOND);
    assert!(
        published(&mut old, now + 19 * SECOND).is_empty(),
        "other content alone is nothing"
    );
}

#[test]
fn of_equal_starts_the_higher_name_owns() {
    let now = Instant::now();
    let mut machine = serving("a", 1, now);
    machine.saw_peer("b", Some((1, InstanceStatus::Online)), now);
    machine.saw(Card::Server, Sight::Down, now);
    assert!(
        published(&mut machine, now + 100 * MILLI).is_empty(),
        "the other one first"
    );
    assert_eq!(
        published(&mut machine, now + SECOND).len(),
        1,
        "if it does not, this one"
    );
}

#[test]
fn a_start_in_the_far_future_delays_repairs_a_little_and_prevents_none() {
    let now = Instant::now();
    let mut machine = serving("a", 1, now);
    for n in 0..9 {
        let name = format!("z{n}");
        machine.saw_peer(&name, Some((u64::MAX, InstanceStatus::Online)), now);
    }
    machine.saw(Card::Tool("greet".to_owned()), Sight::Down, now);
    assert_eq!(published(&mut machine, now + SECOND).len(), 1);
}

#[test]
fn an_instance_that_falls_silent_is_forgotten_after_a_minute() {
    let now = Instant::now();
    let mut machine = serving("a", 1, now);
    machine.saw_peer("b", Some((2, InstanceStatus::Online)), now);
    machine.saw(Card::Server, Sight::Other, now);
    assert!(published(&mut machine, now + 59 * SECOND).is_empty());
    machine.act(now + 61 * SECOND);
    assert_eq!(
        published(&mut machine, now + 62 * SECOND).len(),
        1,
        "it owns the content now"
    );
}

#[test]
fn forged_cards_fill_a_bounded_table() {
    let now = Instant::now();
    let mut machine = serving("a", 1, now);
    for n in 0..10_000 {
        machine.saw_peer(&format!("f{n}"), Some((n, InstanceStatus::Online)), now);
    }
    assert_eq!(machine.peers(), 1024);
    machine.saw(Card::Server, Sight::Down, now);
    assert_eq!(published(&mut machine, now + SECOND).len(), 1);
    let later = now + 61 * SECOND;
    machine.saw_peer("real", Some((9, InstanceStatus::Online)), later);
    assert_eq!(
        machine.peers(),
        1,
        "there is room again once they have expired"
    );
}

#[test]
fn a_number_that_was_never_sent_is_no_echo() {
    let now = Instant::now();
    let mut machine = machine("a", 1);
    machine.connected(cards());
    machine.saw_own(Some(7), now);
    assert!(!machine.is_heard());
    let (number, status) = machine.show(now);
    assert_eq!(status, InstanceStatus::Online);
    machine.saw_own(Some(number), now);
    assert!(machine.is_heard());
    machine.connected(cards());
    machine.saw_own(Some(number), now);
    assert!(
        !machine.is_heard(),
        "that was the retained one of the session before"
    );
}

/// A broker that puts the Instance Cards of two machines into one order.
struct Two {
    machines: [Machine; 2],
    now: Instant,
}

const NAMES: [&str; 2] = ["a", "b"];

impl Two {
    fn new() -> Self {
        let now = Instant::now();
        let mut two = Self {
            machines: [serving("a", 1, now), serving("b", 2, now)],
            now,
        };
        two.deliver(0, (1, InstanceStatus::Online));
        two.deliver(1, (1, InstanceStatus::Online));
        two
    }

    fn deliver(&mut self, of: usize, (number, status): (u64, InstanceStatus)) {
        let started_ms = u64::try_from(of).unwrap() + 1;
        self.machines[of].saw_own(Some(number), self.now);
        self.machines[1 - of].saw_peer(NAMES[of], Some((started_ms, status)), self.now);
    }

    fn leave(&mut self, of: usize) {
        self.machines[of].leave();
        let card = self.machines[of].show(self.now);
        self.deliver(of, card);
    }

    fn part(&mut self, of: usize) -> (u64, InstanceStatus) {
        self.machines[of].part();
        let card = self.machines[of].show(self.now);
        assert_eq!(card.1, InstanceStatus::Offline);
        card
    }
}

#[test]
fn of_two_that_leave_at_once_exactly_one_is_the_last() {
    for first in [0, 1] {
        let mut two = Two::new();
        two.leave(0);
        two.leave(1);
        let cards = [two.part(0), two.part(1)];
        assert_eq!(two.machines[first].was_last(), None);
        two.deliver(first, cards[first]);
        two.deliver(1 - first, cards[1 - first]);
        assert_eq!(two.machines[first].was_last(), Some(false));
        assert_eq!(two.machines[1 - first].was_last(), Some(true));
    }
}

#[test]
fn who_leaves_while_another_starts_is_not_the_last_or_is_healed() {
    let mut two = Two::new();
    let now = two.now;
    let mut newcomer = machine("c", 3);
    newcomer.connected(cards());
    // The other one parts first, then this one; the newcomer shows itself before or after.
    let card = two.part(1);
    two.deliver(1, card);
    for before in [true, false] {
        let mut leaver = serving("a", 1, now);
        leaver.part();
        let (number, _) = leaver.show(now);
        if before {
            leaver.saw_peer("c", Some((3, InstanceStatus::Online)), now);
        }
        leaver.saw_own(Some(number), now);
        assert_eq!(leaver.was_last(), Some(!before));
    }
    // It set the cards offline, and the newcomer sees that, retained or live.
    newcomer.saw(Card::Server, Sight::Ours, now);
    newcomer.has_read(now);
    published(&mut newcomer, now);
    for card in cards() {
        newcomer.saw(card, Sight::Down, now);
    }
    assert_eq!(
        published(&mut newcomer, now + 2 * SECOND),
        BTreeSet::from(cards())
    );
}

#[test]
fn who_stops_before_anything_is_read_has_nothing_to_put_offline() {
    let now = Instant::now();
    let mut machine = machine("a", 1);
    machine.connected(cards());
    assert!(!machine.has_announced());
    machine.has_read(now);
    assert!(machine.has_announced());
    machine.leave();
    assert!(machine.has_announced());
    machine.connected(cards());
    assert!(!machine.has_announced(), "of this session");
}

#[test]
fn who_leaves_heals_nothing_any_more() {
    let now = Instant::now();
    let mut machine = serving("a", 1, now);
    machine.saw(Card::Server, Sight::Down, now);
    machine.leave();
    machine.saw(Card::Tool("greet".to_owned()), Sight::Down, now);
    assert!(machine.act(now + 9 * SECOND).is_empty());
}
