//! MQTT topic names and topic filters: validity, matching, containment, shared subscriptions.
//!
//! The rules are those of MQTT 5.0, section 4.7 (names, wildcards, the `$` rule) and section 4.8.2
//! (shared subscriptions). What the levels of this project's topics mean is not known here.

use std::fmt;

/// The longest topic name or filter, in bytes (MQTT 5.0, section 1.5.4).
pub const MAX_TOPIC: usize = 65_535;

/// The wildcard that stands for exactly one level.
pub const ONE_LEVEL: &str = "+";

/// The wildcard that stands for its parent level and everything below.
pub const ALL_LEVELS: &str = "#";

/// A subscription taken apart: `$share/{group}/{filter}`, or the filter alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscription<'a> {
    /// The share group, when the subscription is shared.
    pub group: Option<&'a str>,
    /// The filter without `$share/{group}/`.
    pub filter: &'a str,
}

impl<'a> Subscription<'a> {
    /// Takes a subscription apart; `None` when a broker must refuse it: an invalid filter, or
    /// `$share` without a group or a filter, or a group that holds a wildcard.
    ///
    /// ```
    /// use mcp_mqtt::wire::filter::Subscription;
    ///
    /// let shared = Subscription::parse("$share/workers/jobs/+").unwrap();
    /// assert_eq!((shared.group, shared.filter), (Some("workers"), "jobs/+"));
    /// assert_eq!(Subscription::parse("$share/workers"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.len() > MAX_TOPIC {
            return None;
        }
        let (group, filter) = match text.strip_prefix("$share") {
            Some("") => return None,
            Some(rest) if rest.starts_with('/') => {
                let (group, filter) = rest.get(1..)?.split_once('/')?;
                if group.is_empty() || group.contains(['+', '#', '\0']) {
                    return None;
                }
                (Some(group), filter)
            }
            _ => (None, text),
        };
        is_valid_filter(filter).then_some(Self { group, filter })
    }
}

/// As a client subscribes to it.
impl fmt::Display for Subscription<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.group {
            Some(group) => write!(f, "$share/{group}/{}", self.filter),
            None => f.write_str(self.filter),
        }
    }
}

/// Whether a message can be published to this: not empty, at most [`MAX_TOPIC`] bytes, no wildcard,
/// no NUL.
#[must_use]
pub fn is_valid_topic(topic: &str) -> bool {
    (1..=MAX_TOPIC).contains(&topic.len()) && !topic.contains(['+', '#', '\0'])
}

/// Whether this is a topic filter: `+` and `#` fill their level, `#` is last. `$share/…` is not
/// looked into; [`Subscription::parse`] does that.
#[must_use]
pub fn is_valid_filter(filter: &str) -> bool {
    if !(1..=MAX_TOPIC).contains(&filter.len()) || filter.contains('\0') {
        return false;
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let fine = match level {
            ONE_LEVEL => true,
            ALL_LEVELS => levels.peek().is_none(),
            text => !text.contains(['+', '#']),
        };
        if !fine {
            return false;
        }
    }
    true
}

/// Whether a message on `topic` belongs to a subscription of `filter`. Both must be valid; an
/// invalid one matches nothing.
///
/// A filter that begins with a wildcard does not match a topic that begins with `$`; `a/#` matches
/// `a`.
#[must_use]
pub fn matches(filter: &str, topic: &str) -> bool {
    is_valid_topic(topic) && contains(filter, topic)
}

/// Whether every topic that `inner` matches is matched by `outer` too. Both must be valid; an
/// invalid one contains nothing and is contained in nothing.
///
/// ```
/// use mcp_mqtt::wire::filter::contains;
///
/// assert!(contains("a/#", "a/+/c"));
/// assert!(!contains("a/+", "a/#"));
/// ```
#[must_use]
pub fn contains(outer: &str, inner: &str) -> bool {
    if !is_valid_filter(outer) || !is_valid_filter(inner) {
        return false;
    }
    if inner.starts_with('$') && outer.starts_with(['+', '#']) {
        return false;
    }
    let mut outer = outer.split('/');
    let mut inner = levels(inner);
    loop {
        match (outer.next(), inner.next()) {
            (Some(ALL_LEVELS), _) | (None, None) => return true,
            (Some(ONE_LEVEL), Some(level)) if level != ALL_LEVELS => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

/// The levels of a filter whose containment is asked for. `#` is given as `+/#`, and `/#` as `/+/#`:
/// their parent level is the empty topic, which does not exist, so each pair matches the same
/// topics, and only the longer form is contained in `+/#` or `/+/#` level by level.
pub(crate) fn levels(filter: &str) -> impl Iterator<Item = &str> {
    let filter = match filter {
        "#" => "+/#",
        "/#" => "/+/#",
        other => other,
    };
    filter.split('/')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards_fill_their_level_and_a_hash_is_last() {
        for valid in ["a", "/", "a//b", "+", "#", "+/a/#", "a/+/b", "$SYS/#", " "] {
            assert!(is_valid_filter(valid), "{valid}");
        }
        for invalid in ["", "a+", "a/b#", "#/a", "a/#/b", "++", "a\0b"] {
            assert!(!is_valid_filter(invalid), "{invalid}");
        }
        let longest = "a".repeat(MAX_TOPIC);
        assert!(is_valid_filter(&longest) && is_valid_topic(&longest));
        let longer = longest + "a";
        assert!(!is_valid_filter(&longer) && !is_valid_topic(&longer));
    }

    #[test]
    fn a_topic_has_no_wildcard() {
        assert!(is_valid_topic("a/b") && is_valid_topic("/") && is_valid_topic("$SYS"));
        for invalid in ["", "a/+", "#", "a#", "\0"] {
            assert!(!is_valid_topic(invalid), "{invalid}");
        }
    }

    #[test]
    fn a_hash_matches_its_parent_too() {
        assert!(matches("a/#", "a") && matches("a/#", "a/b/c") && matches("a/#", "a/"));
        assert!(!matches("a/#", "ab"));
        assert!(!matches("a/+", "a") && matches("a/+", "a/"));
    }

    #[test]
    fn a_leading_wildcard_does_not_match_a_dollar_topic() {
        assert!(!matches("#", "$SYS/x") && !matches("+/x", "$SYS/x"));
        assert!(matches("$SYS/#", "$SYS/x") && matches("a/#", "a/$SYS"));
        assert!(!contains("#", "$SYS/#") && !contains("+/x", "$SYS/x"));
    }

    #[test]
    fn containment_examples() {
        for (outer, inner) in [
            ("a/#", "a/#"),
            ("a/#", "a/+/#"),
            ("a/#", "a"),
            ("#", "+/#"),
            ("+/#", "#"),
            ("/+/#", "/#"),
            ("+/+", "a/+"),
        ] {
            assert!(contains(outer, inner), "{outer} {inner}");
        }
        for (outer, inner) in [
            ("a/+", "a/#"),
            ("a/+/#", "a/#"),
            ("a", "+"),
            ("+", "#"),
            ("+/a", "#"),
            ("a/+", "a/b/c"),
        ] {
            assert!(!contains(outer, inner), "{outer} {inner}");
        }
    }

    #[test]
    fn a_shared_subscription_has_a_group_and_a_filter() {
        for text in ["$share/g/a/#", "a/#"] {
            let shown = Subscription::parse(text).map(|parsed| parsed.to_string());
            assert_eq!(shown.as_deref(), Some(text));
        }
        let parsed = Subscription::parse("$share/g/a/#");
        let expected = Subscription {
            group: Some("g"),
            filter: "a/#",
        };
        assert_eq!(parsed, Some(expected));
        let bare = Subscription::parse("$shared/g/a").map(|s| s.group);
        assert_eq!(bare, Some(None), "another word that begins alike");
        for invalid in ["$share", "$share/", "$share/g", "$share/g/"] {
            assert_eq!(Subscription::parse(invalid), None, "{invalid}");
        }
        for invalid in ["$share//a", "$share/+/a", "$share/g#/a", "$share/g/a#"] {
            assert_eq!(Subscription::parse(invalid), None, "{invalid}");
        }
    }

    fn filter() -> impl Strategy<Value = String> {
        let level = prop::sample::select(vec!["a", "b", "", "$x", "+", "+"]);
        (prop::collection::vec(level, 0..5), any::<bool>())
            .prop_map(|(mut levels, hash)| {
                if hash {
                    levels.push("#");
                }
                levels.join("/")
            })
            .prop_filter("valid", |text| is_valid_filter(text))
    }

    /// Topics of a filter that no other filter foresees: fresh text for `+`, up to six fresh
    /// levels for `#`. If every one of them is matched elsewhere, every topic is.
    fn witnesses(filter: &str) -> Vec<String> {
        let text = filter.replace('+', "fresh");
        match text.strip_suffix('#') {
            None => vec![text],
            Some(head) => {
                let parent = head.strip_suffix('/').filter(|p| !p.is_empty());
                let deeper = (1..7).map(|n| format!("{head}{}", vec!["fresh"; n].join("/")));
                parent.map(String::from).into_iter().chain(deeper).collect()
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_contained_is_matched(outer in filter(), inner in filter(), topic in filter()) {
            let topic = topic.replace('+', "c").replace('#', "d");
            if contains(&outer, &inner) && matches(&inner, &topic) {
                prop_assert!(matches(&outer, &topic));
            }
        }

        #[test]
        fn what_is_not_contained_has_a_witness(outer in filter(), inner in filter()) {
            let topics = witnesses(&inner);
            prop_assert!(topics.iter().all(|topic| matches(&inner, topic)), "{topics:?}");
            let every = topics.iter().all(|topic| matches(&outer, topic));
            prop_assert_eq!(contains(&outer, &inner), every);
        }

        #[test]
        fn containment_is_an_order(a in filter(), b in filter(), c in filter()) {
            prop_assert!(contains(&a, &a));
            if contains(&a, &b) && contains(&b, &c) {
                prop_assert!(contains(&a, &c));
            }
        }
    }
}
