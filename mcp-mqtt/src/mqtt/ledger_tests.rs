//! The ledger's behaviour, one rule a test.
#![allow(clippy::unwrap_used)]

use super::*;

type Answer<T> = oneshot::Receiver<Outcome<T>>;

fn publish(ledger: &mut Ledger, qos: Qos) -> Answer<Published> {
    let (to, answer) = oneshot::channel();
    ledger.queued(Waiter::Publish(qos, Told::Always(to)));
    answer
}

fn once(ledger: &mut Ledger) -> Answer<Published> {
    publish(ledger, Qos::AtLeastOnce)
}

fn subscribe(ledger: &mut Ledger) -> Answer<Grants> {
    let (to, answer) = oneshot::channel();
    ledger.queued(Waiter::Subscribe(1, to));
    answer
}

fn unsubscribe(ledger: &mut Ledger) -> Answer<()> {
    let (to, answer) = oneshot::channel();
    ledger.queued(Waiter::Unsubscribe(to));
    answer
}

fn result<T>(answer: &mut Answer<T>) -> Option<Outcome<T>> {
    answer.try_recv().ok()
}

#[test]
fn answers_find_their_publish_in_whatever_order_they_come() {
    let mut ledger = Ledger::default();
    let (mut a, mut b, mut c) = (once(&mut ledger), once(&mut ledger), once(&mut ledger));
    for id in [7, 8, 9] {
        assert!(ledger.left(Left::Publish, id));
    }
    ledger.published(9, ReasonCode::NOT_AUTHORIZED);
    ledger.published(7, ReasonCode::SUCCESS);
    ledger.published(8, ReasonCode::NO_MATCHING_SUBSCRIBERS);
    assert_eq!(result(&mut a), Some(Ok(Published::Delivered)));
    assert_eq!(result(&mut b), Some(Ok(Published::NoSubscriber)));
    assert_eq!(
        result(&mut c),
        Some(Err(RequestError::Refused(ReasonCode::NOT_AUTHORIZED)))
    );
    assert!(ledger.is_idle());
}

#[test]
fn qos_0_has_its_result_when_it_leaves() {
    let mut ledger = Ledger::default();
    let mut answer = publish(&mut ledger, Qos::AtMostOnce);
    assert!(!ledger.is_idle());
    assert_eq!(result(&mut answer), None);
    assert!(ledger.left(Left::Publish, 0));
    assert_eq!(result(&mut answer), Some(Ok(Published::Delivered)));
    assert!(ledger.is_idle());
}

#[test]
fn a_packet_id_serves_again_after_its_answer() {
    let mut ledger = Ledger::default();
    for _ in 0..3 {
        let mut answer = once(&mut ledger);
        assert!(ledger.left(Left::Publish, 1));
        ledger.published(1, ReasonCode::SUCCESS);
        assert_eq!(result(&mut answer), Some(Ok(Published::Delivered)));
    }
}

#[test]
fn a_packet_id_that_leaves_again_unanswered_fails_the_older_publish() {
    let mut ledger = Ledger::default();
    let (mut older, mut newer) = (once(&mut ledger), once(&mut ledger));
    assert!(ledger.left(Left::Publish, 1));
    assert!(ledger.left(Left::Publish, 1));
    assert_eq!(result(&mut older), Some(Err(RequestError::Lost)));
    ledger.published(1, ReasonCode::SUCCESS);
    assert_eq!(result(&mut newer), Some(Ok(Published::Delivered)));
    assert!(ledger.is_idle());
}

#[test]
fn the_kinds_share_packet_ids_without_mixing_up() {
    let mut ledger = Ledger::default();
    let mut one = once(&mut ledger);
    let mut two = subscribe(&mut ledger);
    let mut three = unsubscribe(&mut ledger);
    let mut four = subscribe(&mut ledger);
    assert!(ledger.left(Left::Publish, 1));
    assert!(ledger.left(Left::Subscribe, 1));
    assert!(ledger.left(Left::Unsubscribe, 1));
    assert!(ledger.left(Left::Subscribe, 1));
    ledger.unsubscribed(1, ReasonCode::NO_SUBSCRIPTION_EXISTED);
    assert_eq!(result(&mut three), Some(Ok(())));
    assert!(ledger.subscribed(1, vec![Ok(Qos::AtLeastOnce)]));
    assert_eq!(result(&mut two), Some(Ok(vec![Ok(Qos::AtLeastOnce)])));
    assert_eq!(result(&mut four), None);
    assert!(ledger.subscribed(1, vec![Err(ReasonCode::NOT_AUTHORIZED)]));
    assert_eq!(
        result(&mut four),
        Some(Ok(vec![Err(ReasonCode::NOT_AUTHORIZED)]))
    );
    assert_eq!(result(&mut one), None);
    assert!(!ledger.is_idle());
}

#[test]
fn a_loss_tells_what_never_left_from_what_may_have() {
    let mut ledger = Ledger::default();
    let mut left = once(&mut ledger);
    let mut subscribed = subscribe(&mut ledger);
    assert!(ledger.left(Left::Publish, 1));
    assert!(ledger.left(Left::Subscribe, 2));
    let mut queued = once(&mut ledger);
    let mut unsubscribed = unsubscribe(&mut ledger);
    assert_eq!(ledger.lost(), 2);
    assert_eq!(result(&mut left), Some(Err(RequestError::Lost)));
    assert_eq!(result(&mut subscribed), Some(Err(RequestError::Lost)));
    assert_eq!(result(&mut queued), Some(Err(RequestError::NotSent)));
    assert_eq!(result(&mut unsubscribed), Some(Err(RequestError::NotSent)));
    assert!(ledger.is_idle());
}

#[test]
fn an_answer_from_before_a_loss_resolves_nothing_after_it() {
    let mut ledger = Ledger::default();
    let _old = once(&mut ledger);
    assert!(ledger.left(Left::Publish, 1));
    ledger.lost();
    ledger.published(1, ReasonCode::SUCCESS);
    let mut new = once(&mut ledger);
    ledger.published(1, ReasonCode::SUCCESS);
    assert_eq!(result(&mut new), None);
}

#[test]
fn an_answer_nobody_asked_for_is_ignored() {
    let mut ledger = Ledger::default();
    ledger.published(u16::MAX, ReasonCode::SUCCESS);
    assert!(ledger.subscribed(1, vec![]));
    ledger.unsubscribed(1, ReasonCode::SUCCESS);
    assert!(ledger.is_idle());
}

#[test]
fn a_suback_with_another_number_of_codes_is_noticed() {
    for codes in [0, 2] {
        let mut ledger = Ledger::default();
        let mut answer = subscribe(&mut ledger);
        assert!(ledger.left(Left::Subscribe, 1));
        assert!(!ledger.subscribed(1, vec![Ok(Qos::AtLeastOnce); codes]));
        assert_eq!(result(&mut answer), Some(Err(RequestError::Lost)));
        assert!(ledger.is_idle());
    }
}

#[test]
fn a_request_that_leaves_out_of_order_is_noticed() {
    let mut ledger = Ledger::default();
    let mut answer = once(&mut ledger);
    assert!(!ledger.left(Left::Subscribe, 1));
    assert_eq!(result(&mut answer), Some(Err(RequestError::Lost)));
    assert!(!ledger.left(Left::Publish, 1));
}

#[test]
fn who_is_told_of_failures_alone_is_told_of_each_and_of_nothing_else() {
    let mut ledger = Ledger::default();
    let (to, told) = std::sync::mpsc::channel();
    for id in 1..=5 {
        let to = to.clone();
        let failed: Failed = Box::new(move |outcome| drop(to.send((id, outcome))));
        ledger.queued(Waiter::Publish(
            Qos::AtLeastOnce,
            Told::OfFailure(Some(failed)),
        ));
        assert!(id == 5 || ledger.left(Left::Publish, id));
    }
    ledger.published(1, ReasonCode::SUCCESS);
    ledger.published(2, ReasonCode::NO_MATCHING_SUBSCRIBERS);
    ledger.published(3, ReasonCode::NOT_AUTHORIZED);
    assert!(!ledger.is_idle());
    assert_eq!(ledger.lost(), 1);
    assert!(ledger.is_idle());
    let refused = Err(RequestError::Refused(ReasonCode::NOT_AUTHORIZED));
    let expected = [
        (2, Ok(Published::NoSubscriber)),
        (3, refused),
        (5, Err(RequestError::NotSent)),
        (4, Err(RequestError::Lost)),
    ];
    assert_eq!(told.try_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn nobody_waiting_is_no_fault() {
    let mut ledger = Ledger::default();
    drop(once(&mut ledger));
    assert!(ledger.left(Left::Publish, 1));
    ledger.published(1, ReasonCode::SUCCESS);
    assert!(ledger.is_idle());
}
