//! The property: an evaluator of an exported policy and the policy give equal answers.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use mcp_mqtt::acl::{Action, ExportOptions, Format, Identity, Policy, Principals};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::questions::{self, Client, Question};
use crate::registries;

/// What one broker answers. Written from its documentation, for the text of one export.
pub trait Evaluator {
    /// Whether the broker lets this client publish to the topic, without the retain flag, or lets it
    /// have the messages of the subscription.
    ///
    /// A broker that decides when it delivers is only asked about subscriptions without wildcards.
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool;

    /// Whether the broker lets this client publish to the topic with the retain flag.
    #[allow(dead_code, reason = "some formats tell retained messages from others")]
    fn allows_retained(&self, client: &Client, topic: &str) -> bool {
        self.allows(client, Action::Publish, topic)
    }

    /// The topic or filter as the broker takes it, where two ways of writing are one for it.
    fn taken_as(&self, topic: &str) -> String {
        topic.to_owned()
    }

    /// Whether there can be such a client at all; else nothing is asked for it.
    fn knows(&self, _client: &Client) -> bool {
        true
    }
}

/// What the broker looks at when somebody subscribes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// The share group and the filter.
    Group,
    /// The filter alone: whoever may read a filter may do so in any share group.
    #[allow(dead_code, reason = "some formats need it")]
    Filter,
    /// The topic of each message at its delivery, whatever was subscribed to.
    Delivery,
}

/// What clients may whose identity could be the name of no caller, as `a/b` or `+`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// What the policy says: nothing by rules with `{$self}`.
    AsOthers,
    /// Also what bears their name, or less; the export has a note.
    Noted,
}

/// A format, and how its broker enforces it.
pub struct Subject {
    pub format: Format,
    /// The kinds of identity to which the format can bind.
    pub identities: &'static [Identity],
    pub read: fn(&str, Identity) -> Box<dyn Evaluator>,
    pub enforcement: Enforcement,
    pub unfit: Unfit,
    /// Why the format cannot express the policy, if it cannot.
    pub cannot: fn(&Policy, Identity) -> Option<&'static str>,
}

/// Draws registries and compares.
pub fn holds(subject: &Subject) {
    holds_in(40, subject);
}

/// As [`holds`], for so many registries: more for a format that must refuse many of them.
pub fn holds_in(cases: u32, subject: &Subject) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let identity = prop_oneof![
        5 => prop::sample::select(subject.identities),
        1 => prop::sample::select(Identity::ALL),
    ];
    TestRunner::new(config)
        .run(&(registries::case(), identity), |(case, identity)| {
            let mut options = ExportOptions::of(&case.scopes[0]);
            options.identity = identity;
            options.client_ids_are_authenticated = true;
            compare(subject, &case, &options).map_err(TestCaseError::fail)
        })
        .unwrap();
}

fn compare(
    subject: &Subject,
    case: &registries::Case,
    options: &ExportOptions,
) -> Result<(), String> {
    let policy = &case.policy;
    let cannot = match subject.identities.contains(&options.identity) {
        true => (subject.cannot)(policy, options.identity),
        false => Some("this kind of identity"),
    };
    let export = match (policy.export(subject.format, options), cannot) {
        (Ok(export), None) => export,
        (Err(_), Some(_)) => return Ok(()),
        (Ok(_), Some(reason)) => return Err(format!("exported in spite of: {reason}")),
        (Err(error), None) => return Err(format!("refused: {error}")),
    };
    let evaluator = (subject.read)(&export.text, options.identity);
    let mut faults = String::new();
    for Question {
        client,
        action,
        topic,
    } in questions::about(case, options.identity)
    {
        if subject.enforcement == Enforcement::Delivery && topic.contains(['+', '#']) {
            continue;
        }
        if !evaluator.knows(&client) {
            continue;
        }
        let who = client.identity(options.identity);
        let taken_as = evaluator.taken_as(&topic);
        let expected = expected(subject.enforcement, policy, who, action, &taken_as);
        let answer = evaluator.allows(&client, action, &topic);
        if answer == expected {
            continue;
        }
        let noted = subject.unfit == Unfit::Noted
            && who.is_some_and(|who| is_unfit(who) && (!answer || is_own(who, &topic)));
        if !noted {
            // Writing to a string does not fail.
            let _ = write!(
                faults,
                "\n{client:?} {action} {topic}: broker {answer}, policy {expected}"
            );
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(format!("{faults}\n{}", export.text)),
    }
}

fn expected(
    enforcement: Enforcement,
    policy: &Policy,
    who: Option<&str>,
    action: Action,
    topic: &str,
) -> bool {
    let allowed = |topic: &str| policy.decide(who, action, topic).is_allowed();
    if action == Action::Publish || enforcement == Enforcement::Group {
        return allowed(topic);
    }
    let filter = match topic.strip_prefix("$share/") {
        None => topic,
        // Not a subscription at all unless a group and a filter follow.
        Some(rest) => match rest.split_once('/') {
            Some((group, filter)) if !group.is_empty() && !group.contains(['+', '#']) => filter,
            _ => return false,
        },
    };
    let groups: BTreeSet<_> = policy.rules().iter().map(|rule| &rule.share).collect();
    groups.into_iter().any(|group| match group {
        Some(group) => allowed(&format!("$share/{group}/{filter}")),
        None => allowed(filter),
    })
}

fn is_unfit(who: &str) -> bool {
    mcp_mqtt::grammar::caller(who).is_err()
}

/// Whether the identity stands in the topic as itself, not as a wildcard.
fn is_own(who: &str, topic: &str) -> bool {
    !who.contains(['+', '#']) && format!("/{topic}/").contains(&format!("/{who}/"))
}

/// Whether some rule is for named principals.
pub fn names_somebody(policy: &Policy) -> bool {
    let named = |who: &Principals| matches!(who, Principals::Named(_));
    policy.rules().iter().any(|rule| named(&rule.who))
}

/// Whether some rule is for any authenticated identity.
pub fn is_open(policy: &Policy) -> bool {
    let mut rules = policy.rules().iter();
    rules.any(|rule| rule.who == Principals::Anyone)
}
