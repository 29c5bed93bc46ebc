//! The index agrees with the plain definition: some rule of this action and group, granted to this
//! identity, whose filter with `{$self}` replaced contains what is asked for.

use proptest::prelude::*;

use super::*;
use crate::acl::{Action, Principals, Rule, SELF};
use crate::grammar;
use crate::wire::filter::{self, Subscription};

fn oracle(policy: &Policy, who: Option<&str>, action: Action, topic: &str) -> bool {
    let Some(who) = who else { return false };
    let (group, asked) = match action {
        Action::Publish if filter::is_valid_topic(topic) => (None, topic),
        Action::Publish => return false,
        Action::Subscribe => match Subscription::parse(topic) {
            Some(Subscription { group, filter }) => (group, filter),
            None => return false,
        },
    };
    policy.rules().iter().any(|rule| {
        let bound = match rule.filter.contains(SELF) {
            false => rule.filter.clone(),
            true if grammar::caller(who).is_ok() => rule.filter.replace(SELF, who),
            true => return false,
        };
        rule.action == action
            && rule.share.as_deref() == group
            && rule.who.include(who)
            && filter::contains(&bound, asked)
    })
}

fn longest() -> String {
    "n".repeat(grammar::MAX_NAME)
}

fn caller() -> impl Strategy<Value = String> {
    let names = ["scout", "Scout", "a", "=:@.", "-", "call"].map(str::to_owned);
    prop::sample::select([names.to_vec(), vec![longest()]].concat())
}

fn principal() -> impl Strategy<Value = Option<String>> {
    let hostile = ["", "+", "#", "a/b", SELF, "x-sub", "@g", "svc", "b"].map(str::to_owned);
    let hostile = prop::sample::select(hostile.to_vec());
    prop_oneof![4 => caller().prop_map(Some), 2 => hostile.prop_map(Some), 1 => Just(None)]
}

fn action() -> impl Strategy<Value = Action> {
    prop::sample::select(vec![Action::Publish, Action::Subscribe])
}

/// A policy as tools make it.
fn derived() -> impl Strategy<Value = Policy> {
    let names = ["a", "A", "a.b", "_", "call", "mcp", "tools"].map(str::to_owned);
    let name = prop::sample::select([names.to_vec(), vec![longest()]].concat());
    let callers = prop::option::weighted(0.8, prop::collection::vec(caller(), 0..4));
    let tools = prop::collection::btree_map(name, (callers, any::<bool>()), 0..5);
    let namespace = prop::sample::select(vec!["demo", "a/v1", "mcp/tools"]);
    let key = prop::option::of(Just("k".to_owned()));
    (tools, namespace, any::<[bool; 3]>(), key).prop_map(|(tools, namespace, flags, share_key)| {
        let [hardened, identity, shared] = flags;
        let scope = Scope {
            profile: if hardened {
                Profile::Hardened
            } else {
                Profile::Reference
            },
            server_identity: identity.then(|| "svc".to_owned()),
            share_key,
            shared,
            ..Scope::new(namespace, "a")
        };
        let tools = tools.iter().map(|(name, (callers, streaming))| ToolGrant {
            name,
            allowed_callers: callers.as_deref(),
            streaming: *streaming,
        });
        Policy::derive_from(&scope, &tools.collect::<Vec<_>>()).unwrap()
    })
}

/// Any policy: filters of few words, so that they overlap.
fn drawn() -> impl Strategy<Value = Policy> {
    let level = prop::sample::select(vec!["a", "a", "b", "scout", "+", SELF]);
    let filter = (prop::collection::vec(level, 1..4), any::<bool>()).prop_map(|(levels, all)| {
        let tail = if all { "/#" } else { "" };
        levels.join("/") + tail
    });
    let filter = prop_oneof![9 => filter, 1 => Just("#".to_owned())];
    let who = prop_oneof![
        Just(Principals::Anyone),
        prop::collection::btree_set(caller(), 0..3).prop_map(Principals::Named),
    ];
    let share = prop::option::weighted(0.3, Just("g".to_owned()));
    let rule = (action(), share, filter, who).prop_map(|(action, share, filter, who)| Rule {
        action,
        share: share.filter(|_| action == Action::Subscribe),
        filter,
        who,
    });
    prop::collection::vec(rule, 0..8).prop_map(Policy::from_rules)
}

/// What a hostile client asks for: something near a rule.
fn asked(policy: &Policy) -> impl Strategy<Value = String> + use<> {
    let mut near: Vec<_> = policy.rules().iter().map(Rule::subscription).collect();
    near.extend(["a/a", "scout/a", "$SYS/a", "#"].map(str::to_owned));
    let words = vec![
        "a", "A", "scout", "svc", "x", "", "+", "#", SELF, "$SYS", "a/b",
    ];
    let word = prop::sample::select(words);
    let edit = (0..4_u8, any::<prop::sample::Index>(), word.clone());
    let edits = prop::collection::vec(edit, 0..3);
    let head = prop_oneof![6 => Just(""), 1 => Just("$share/g/"), 1 => Just("$share/")];
    (prop::sample::select(near), word.clone(), word, edits, head).prop_map(
        |(near, this, that, edits, head)| {
            let text = near.replacen('+', this, 1).replace(SELF, that);
            let mut levels: Vec<_> = text.split('/').collect();
            for (kind, at, word) in edits {
                let at = at.index(levels.len());
                match kind {
                    0 => levels[at] = word,
                    1 => levels.insert(at, word),
                    2 => levels.push(word),
                    _ if levels.len() > 1 => drop(levels.remove(at)),
                    _ => {}
                }
            }
            format!("{head}{}", levels.join("/"))
        },
    )
}

fn with_question(
    policy: impl Strategy<Value = Policy>,
) -> impl Strategy<Value = (Policy, Vec<String>)> {
    policy.prop_flat_map(|policy| {
        let asked = prop::collection::vec(asked(&policy), 1..8);
        (Just(policy), asked)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn derived_policies_decide_as_defined(
        (policy, asked) in with_question(derived()), who in principal(), action in action(),
    ) {
        for topic in asked {
            let topic = if action == Action::Publish { topic.replace('#', "a") } else { topic };
            let decision = policy.decide(who.as_deref(), action, &topic);
            let expected = oracle(&policy, who.as_deref(), action, &topic);
            prop_assert_eq!(decision.is_allowed(), expected, "{:?} {}: {}", who, topic, decision);
        }
    }

    #[test]
    fn any_policy_decides_as_defined(
        (policy, asked) in with_question(drawn()), who in principal(), action in action(),
    ) {
        for topic in asked {
            let decision = policy.decide(who.as_deref(), action, &topic);
            let expected = oracle(&policy, who.as_deref(), action, &topic);
            prop_assert_eq!(decision.is_allowed(), expected, "{:?} {}: {}", who, topic, decision);
        }
    }

    #[test]
    fn what_is_exported_is_read_back_equal(policy in prop_oneof![derived(), drawn()]) {
        let export = policy.export(crate::acl::Format::Json, &crate::acl::ExportOptions::default());
        prop_assert_eq!(Policy::from_json(&export.unwrap().text).unwrap(), policy);
    }
}
