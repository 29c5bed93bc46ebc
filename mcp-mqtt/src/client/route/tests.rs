//! The way of a call, as a specification.

use super::*;

const OURS: Sight = Sight::Online {
    bound: true,
    inbox: true,
};
const PLAIN: Sight = Sight::Online {
    bound: false,
    inbox: false,
};
const MS: Duration = Duration::from_millis(1);

/// A route whose bound and plain attempts ended so.
fn after(now: Instant, bound: Option<Ack>, plain: Option<Ack>) -> Route {
    let mut route = Route::new(now);
    for (form, ack) in [(Form::Bound, bound), (Form::Plain, plain)] {
        if let Some(ack) = ack {
            route.publishing(form);
            route.acknowledged(form, ack, now);
        }
    }
    route
}

#[test]
fn the_card_says_which_topic() {
    let now = Instant::now();
    let route = Route::new(now);
    assert_eq!(route.next(OURS, now), Step::Publish(Form::Bound));
    assert_eq!(route.next(PLAIN, now), Step::Publish(Form::Plain));
}

#[test]
fn with_a_card_the_puback_is_the_last_word() {
    let now = Instant::now();
    for (sight, form) in [(OURS, Form::Bound), (PLAIN, Form::Plain)] {
        let mut route = Route::new(now);
        route.publishing(form);
        assert_eq!(route.next(sight, now), Step::Wait(None));
        for (ack, step) in [
            (Ack::Delivered, Step::Settled),
            (Ack::NoSubscriber, Step::Fail(Failure::NoSubscriber)),
            (Ack::Refused, Step::Fail(Failure::Refused(form))),
        ] {
            route.acknowledged(form, ack, now);
            assert_eq!(route.next(sight, now), step);
        }
    }
}

#[test]
fn an_offline_card_fails_the_call_before_anything_is_published() {
    let now = Instant::now();
    let route = Route::new(now);
    assert_eq!(
        route.next(Sight::Offline, now),
        Step::Fail(Failure::Offline)
    );
    assert!(!route.may_have_run());
}

#[test]
fn nothing_is_published_before_the_subscription_is_acknowledged() {
    let now = Instant::now();
    let route = Route::new(now);
    assert_eq!(route.next(Sight::Pending(None), now), Step::Wait(None));
}

#[test]
fn a_missing_card_is_waited_for_briefly() {
    let now = Instant::now();
    let route = Route::new(now);
    let missing = Sight::Missing { since: now };
    assert_eq!(route.next(missing, now), Step::Wait(Some(now + CARD_GRACE)));
    assert_eq!(
        route.next(missing, now + CARD_GRACE),
        Step::Publish(Form::Bound)
    );
}

#[test]
fn a_hidden_card_is_not_waited_for() {
    let now = Instant::now();
    assert_eq!(
        Route::new(now).next(Sight::Hidden, now),
        Step::Publish(Form::Bound)
    );
}

#[test]
fn without_a_card_the_plain_topic_is_tried_when_the_bound_one_reached_nobody() {
    let now = Instant::now();
    for ack in [Ack::NoSubscriber, Ack::Refused] {
        let route = after(now, Some(ack), None);
        assert_eq!(route.next(Sight::Hidden, now), Step::Publish(Form::Plain));
        assert!(!route.may_have_run());
    }
}

#[test]
fn without_a_card_both_refusals_are_unauthorized_and_one_no_subscriber_is_unavailable() {
    use Ack::{NoSubscriber, Refused};
    let now = Instant::now();
    for (bound, plain, failure) in [
        (Refused, Refused, Failure::Refused(Form::Bound)),
        (Refused, NoSubscriber, Failure::NoSubscriber),
        (NoSubscriber, Refused, Failure::NoSubscriber),
        (NoSubscriber, NoSubscriber, Failure::NoSubscriber),
    ] {
        let route = after(now, Some(bound), Some(plain));
        assert_eq!(route.next(Sight::Hidden, now), Step::Fail(failure));
    }
}

#[test]
fn a_call_that_a_mere_listener_took_is_published_again_once_the_card_names_the_plain_topic() {
    let now = Instant::now();
    let route = after(now, Some(Ack::Delivered), None);
    assert_eq!(route.next(PLAIN, now), Step::Publish(Form::Plain));
}

#[test]
fn a_call_that_a_server_took_is_never_published_again() {
    let now = Instant::now();
    let late = now + 1_000 * MS;
    for sight in [OURS, Sight::Hidden] {
        assert_eq!(
            after(now, Some(Ack::Delivered), None).next(sight, late),
            Step::Settled
        );
    }
    let both = after(now, Some(Ack::NoSubscriber), Some(Ack::Delivered));
    for sight in [OURS, PLAIN] {
        assert_eq!(both.next(sight, late), Step::Settled);
    }
}

#[test]
fn neither_card_nor_response_is_absence_a_quarter_second_after_the_suback() {
    let now = Instant::now();
    let route = after(now, Some(Ack::Delivered), None);
    for sight in [Sight::Missing { since: now }, Sight::Offline] {
        assert_eq!(
            route.next(sight, now + 249 * MS),
            Step::Wait(Some(now + 250 * MS))
        );
        assert_eq!(
            route.next(sight, now + 250 * MS),
            Step::Fail(Failure::Absent)
        );
    }
    assert!(route.may_have_run());
}

#[test]
fn a_slow_link_leaves_time_for_the_response_after_the_puback() {
    let now = Instant::now();
    let mut route = Route::new(now);
    route.publishing(Form::Bound);
    route.acknowledged(Form::Bound, Ack::Delivered, now + 400 * MS);
    let missing = Sight::Missing { since: now };
    assert_eq!(
        route.next(missing, now + 400 * MS),
        Step::Wait(Some(now + 500 * MS))
    );
}

#[test]
fn a_later_call_of_a_missing_tool_gets_the_whole_time() {
    let since = Instant::now();
    let start = since + 5_000 * MS;
    let route = after(start, Some(Ack::Delivered), None);
    assert_eq!(
        route.next(Sight::Missing { since }, start),
        Step::Wait(Some(start + 250 * MS))
    );
}

#[test]
fn an_accept_notice_is_a_server_without_a_card() {
    let now = Instant::now();
    let mut route = after(now, Some(Ack::Delivered), None);
    route.accepted();
    let missing = Sight::Missing { since: now };
    assert_eq!(route.next(missing, now + 5_000 * MS), Step::Settled);
    assert!(route.may_have_run());
}
