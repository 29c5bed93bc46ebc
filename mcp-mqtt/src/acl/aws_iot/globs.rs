//! One topic filter as resources with `*`: those to allow, and those to deny so that no more is.
//!
//! `*` is any text. In place of `+` it also takes several levels: whatever has a slash too many is
//! denied. Such a deny reaches every topic that is alike and longer, so it must be compared with what
//! else is granted.

use crate::wire::filter::{ALL_LEVELS, ONE_LEVEL};

/// One level or more, in a deny.
const ANY: &str = "*";

pub(super) struct Globs {
    levels: Vec<String>,
    /// Whether subscriptions are meant: they can end in `#`, and in `+` as text.
    filters: bool,
}

impl Globs {
    /// The topics of a filter.
    pub(super) fn of(filter: &str) -> Self {
        let levels = filter.split('/').map(str::to_owned).collect();
        let filters = false;
        Self { levels, filters }
    }

    /// The subscriptions that a filter contains.
    pub(super) fn of_filters(filter: &str) -> Self {
        let filters = true;
        Self {
            filters,
            ..Self::of(filter)
        }
    }

    /// Whether [`allowed`](Self::allowed) without [`denied`](Self::denied) is the filter and no more.
    pub(super) fn are_exact(&self) -> bool {
        let has = |wildcard: &str| self.levels.iter().any(|level| level == wildcard);
        !(has(ONE_LEVEL) && has(ALL_LEVELS))
    }

    pub(super) fn allowed(&self) -> Vec<String> {
        let glob = self.with(ONE_LEVEL, ANY).join("/");
        match glob.strip_suffix("/#") {
            Some(parent) => vec![parent.to_owned(), format!("{parent}/*")],
            None => vec![glob],
        }
    }

    /// Whether anything is to be denied.
    pub(super) fn deny(&self) -> bool {
        self.levels.iter().any(|level| level == ONE_LEVEL)
    }

    pub(super) fn denied(&self) -> Vec<String> {
        let denies = self.denies();
        denies.iter().map(|levels| levels.join("/")).collect()
    }

    /// Whether a deny takes anything from what this other filter grants.
    pub(super) fn deny_some_of(&self, granted: &str) -> bool {
        let granted: Vec<_> = granted.split('/').collect();
        let denies = self.denies();
        denies.iter().any(|deny| meet(deny, &granted))
    }

    fn denies(&self) -> Vec<Vec<String>> {
        let wide = self.with(ONE_LEVEL, ANY);
        let places = self.levels.iter().enumerate();
        let places = places.filter(|(_, level)| *level == ONE_LEVEL);
        let mut denies: Vec<_> = places
            .map(|(place, _)| {
                let mut longer = wide.clone();
                longer.insert(place, ANY.to_owned());
                longer
            })
            .collect();
        if self.filters && self.levels.last().is_some_and(|last| last == ONE_LEVEL) {
            let mut all_below = wide;
            all_below.pop();
            all_below.push(ALL_LEVELS.to_owned());
            denies.push(all_below);
        }
        denies
    }

    fn with(&self, wildcard: &str, text: &str) -> Vec<String> {
        let replace = |level: &String| match level == wildcard {
            true => text.to_owned(),
            false => level.clone(),
        };
        self.levels.iter().map(replace).collect()
    }
}

/// Whether some topic or subscription is both denied and granted.
fn meet(deny: &[String], granted: &[&str]) -> bool {
    let Some((level, rest)) = deny.split_first() else {
        return matches!(granted, [] | [ALL_LEVELS]);
    };
    let Some((next, after)) = granted.split_first() else {
        return false;
    };
    if *next == ALL_LEVELS {
        return meet(rest, granted);
    }
    match level.as_str() {
        ANY => meet(rest, after) || meet(deny, after),
        text => (*next == text || (*next == ONE_LEVEL && text != ALL_LEVELS)) && meet(rest, after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_of_one_level_is_a_wide_allow_and_a_deny_of_what_is_longer() {
        let globs = Globs::of("a/+/c");
        assert_eq!(globs.allowed(), ["a/*/c"]);
        assert_eq!(globs.denied(), ["a/*/*/c"]);
    }

    #[test]
    fn a_subscription_to_all_below_is_not_one_to_a_level() {
        assert_eq!(Globs::of("a/+").denied(), ["a/*/*"]);
        assert_eq!(Globs::of_filters("a/+").denied(), ["a/*/*", "a/#"]);
    }

    #[test]
    fn all_below_includes_the_parent() {
        let globs = Globs::of("a/#");
        assert_eq!(globs.allowed(), ["a", "a/*"]);
        assert!(!globs.deny() && globs.are_exact());
        assert!(!Globs::of("a/+/#").are_exact());
    }

    #[test]
    fn a_deny_meets_what_is_alike_and_longer() {
        let cards = Globs::of_filters("s/+/card");
        for met in ["s/+/instances/+", "s/x/instances/card", "s/#", "#"] {
            assert!(cards.deny_some_of(met), "{met}");
        }
        for free in ["s/+/card", "s/x/card", "s/+/instances/x", "t/+/+/card"] {
            assert!(!cards.deny_some_of(free), "{free}");
        }
        let one = Globs::of_filters("s/+");
        assert!(one.deny_some_of("s/#") && one.deny_some_of("s/a/b"));
        assert!(!one.deny_some_of("s/+") && !one.deny_some_of("s/a"));
    }
}
