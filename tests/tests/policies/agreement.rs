//! The property: an evaluator of an exported policy and the policy give equal answers.

use std::collections::BTreeSet;

use mcp_mqtt::acl::{
    Action, Decision, Export, ExportOptions, Format, Identity, Policy, Principals, Purpose,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::evaluators::topics;
use crate::questions::{self, Client, Question};
use crate::registries::{self, Case};

/// What one broker answers. Written from its documentation, for the text of one export.
pub trait Evaluator {
    /// Whether the broker lets this client publish to the topic, without the retain flag, or lets it
    /// have the messages of the subscription.
    ///
    /// A broker that decides when it delivers is only asked about subscriptions without wildcards.
    fn allows(&self, client: &Client, action: Action, topic: &str) -> bool;

    /// Whether the broker lets this client publish to the topic with the retain flag.
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
    /// The filter alone: whoever may read a filter may do so in any share group. Where there are share
    /// groups, the export has a warning.
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
    /// Likewise, and wildcards in it may count; the export has a warning.
    Warned,
}

/// What a broker grants beyond the rule that it is given, because it cannot be told otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// A subscription to `a/#` by a rule `a/+`. It must bring no message that was not granted; the
    /// export has a note.
    HashForPlus,
    /// The same where wills can bring such messages; the export has a warning.
    HashForPlusAndWills,
    /// Topics with slashes at the end, as if those were not there; the export has a warning.
    TrailingSlashes,
}

/// A format, and how its broker enforces it.
pub struct Subject {
    pub format: Format,
    /// The kinds of identity to which the format can bind.
    pub identities: &'static [Identity],
    pub read: fn(&str, Identity) -> Box<dyn Evaluator>,
    pub enforcement: Enforcement,
    pub unfit: Unfit,
    pub beyond: &'static [Beyond],
    /// Whether only cards may be retained; otherwise the broker does not look at the flag.
    pub confines_retained: bool,
    /// Why the format cannot express the policy, if it cannot.
    pub cannot: fn(&Policy, Identity) -> Option<&'static str>,
}

/// Draws registries and compares.
pub fn holds(subject: &Subject) {
    holds_in(24, subject);
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

fn compare(subject: &Subject, case: &Case, options: &ExportOptions) -> Result<(), String> {
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
    let questions = questions::about(case, options.identity);
    let comparison = Comparison {
        subject,
        policy,
        published: published(policy, &questions, options.identity),
        groups: policy
            .rules()
            .iter()
            .map(|rule| rule.share.clone())
            .collect(),
        evaluator: (subject.read)(&export.text, options.identity),
        export: &export,
        identity: options.identity,
    };
    let faults: String = questions
        .iter()
        .filter_map(|q| comparison.fault(q))
        .collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(format!("{faults}\n{}", export.text)),
    }
}

/// The topics of interest to which somebody may publish.
fn published(policy: &Policy, questions: &[Question], identity: Identity) -> BTreeSet<String> {
    let allowed = questions.iter().filter(|question| {
        let who = question.client.identity(identity);
        question.action == Action::Publish
            && policy
                .decide(who, Action::Publish, &question.topic)
                .is_allowed()
    });
    allowed.map(|question| question.topic.clone()).collect()
}

/// One export, and what is known of its broker.
struct Comparison<'a> {
    subject: &'a Subject,
    policy: &'a Policy,
    published: BTreeSet<String>,
    /// The share groups of the rules, and whether there are rules without one.
    groups: BTreeSet<Option<String>>,
    evaluator: Box<dyn Evaluator>,
    export: &'a Export,
    identity: Identity,
}

impl Comparison<'_> {
    /// A line, if the broker answers what the policy does not.
    fn fault(&self, question: &Question) -> Option<String> {
        let Question {
            client,
            action,
            topic,
        } = question;
        let delivers = self.subject.enforcement == Enforcement::Delivery;
        if delivers && topic.contains(['+', '#']) || !self.evaluator.knows(client) {
            return None;
        }
        let taken_as = self.evaluator.taken_as(topic);
        let who = client.identity(self.identity);
        let answer = self.evaluator.allows(client, *action, topic);
        let expected = self.expected(who, *action, &taken_as);
        let known = || {
            self.is_of_an_unfit_name(who, topic, answer)
                || self.is_beyond(who, *action, topic, answer)
        };
        if answer != expected && !known() {
            let answers = format!("broker {answer}, policy {expected}");
            return Some(format!("\n{client:?} {action} {topic}: {answers}"));
        }
        if answer
            && self.is_of_another_group(who, *action, &taken_as)
            && !self.warns("share groups")
        {
            return Some(format!("\n{client:?} {action} {topic}: without a warning"));
        }
        if *action == Action::Publish && answer {
            let slashes = self.subject.beyond.contains(&Beyond::TrailingSlashes);
            let meant = if slashes {
                topic.trim_end_matches('/')
            } else {
                &taken_as
            };
            let decision = self.policy.decide(who, *action, meant);
            let announces =
                matches!(decision, Decision::Allowed(rule) if rule.purpose() == Purpose::Announce);
            let may = announces || !self.subject.confines_retained;
            if self.evaluator.allows_retained(client, topic) != may {
                return Some(format!(
                    "\n{client:?} publish {topic} retained: broker {}",
                    !may
                ));
            }
        }
        None
    }

    /// What the policy says, as far as the broker can tell questions apart.
    fn expected(&self, who: Option<&str>, action: Action, topic: &str) -> bool {
        let allowed = |topic: &str| self.policy.decide(who, action, topic).is_allowed();
        if action == Action::Publish || self.subject.enforcement == Enforcement::Group {
            return allowed(topic);
        }
        let Some((_, filter)) = topics::subscription(topic) else {
            return false;
        };
        self.groups.iter().any(|group| match group {
            Some(group) => allowed(&format!("$share/{group}/{filter}")),
            None => allowed(filter),
        })
    }

    /// Whether a subscription is granted, but in another share group.
    fn is_of_another_group(&self, who: Option<&str>, action: Action, topic: &str) -> bool {
        let Some((_, filter)) = topics::subscription(topic) else {
            return false;
        };
        let allowed = |topic: &str| self.policy.decide(who, action, topic).is_allowed();
        let mut groups = self.groups.iter().flatten();
        action == Action::Subscribe
            && self.subject.enforcement == Enforcement::Filter
            && !allowed(topic)
            && groups.any(|group| allowed(&format!("$share/{group}/{filter}")))
    }

    fn warns(&self, word: &str) -> bool {
        says(&self.export.warnings, word)
    }

    fn notes(&self, word: &str) -> bool {
        says(&self.export.notes, word)
    }

    fn is_of_an_unfit_name(&self, who: Option<&str>, topic: &str, answer: bool) -> bool {
        let Some(who) = who.filter(|who| mcp_mqtt::grammar::caller(who).is_err()) else {
            return false;
        };
        let noted = self.notes("also for one that no caller may have");
        let own = format!("/{topic}/").contains(&format!("/{who}/"));
        let wild = who.contains(['+', '#']);
        match self.subject.unfit {
            Unfit::AsOthers => false,
            Unfit::Noted => noted && (!answer || (own && !wild)),
            Unfit::Warned if wild => self.warns("wildcard"),
            Unfit::Warned => noted && (!answer || own),
        }
    }

    fn is_beyond(&self, who: Option<&str>, action: Action, topic: &str, answer: bool) -> bool {
        self.subject.beyond.iter().any(|beyond| match beyond {
            Beyond::TrailingSlashes => {
                let trimmed = topic.trim_end_matches('/');
                trimmed != topic
                    && answer == self.expected(who, action, trimmed)
                    && (!answer || self.warns("slashes at the end"))
            }
            Beyond::HashForPlus | Beyond::HashForPlusAndWills => {
                let passes = "a subscription to `…/#` passes where `…/+` is granted";
                let told = match beyond {
                    Beyond::HashForPlus => self.notes(passes),
                    _ => self.warns(passes) && self.warns("wills can bring it"),
                };
                let Some(parent) = topic.strip_suffix('#') else {
                    return false;
                };
                let (share, filter) = match topics::subscription(topic) {
                    Some((Some(group), filter)) => (format!("$share/{group}/"), filter),
                    _ => (String::new(), topic),
                };
                let mut brought = self.published.iter().filter(|t| topics::matches(filter, t));
                action == Action::Subscribe
                    && answer
                    && told
                    && self.expected(who, action, &format!("{parent}+"))
                    && brought.all(|topic| self.expected(who, action, &format!("{share}{topic}")))
            }
        })
    }
}

fn says(texts: &[String], word: &str) -> bool {
    texts.iter().any(|text| text.contains(word))
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
