//! One regular expression for several topic filters, with `.` between the levels.
//!
//! In the dialect of PCRE. Filters that begin alike, and siblings that continue alike, share their
//! text, because a broker limits its length.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::wire::filter::{ALL_LEVELS, ONE_LEVEL};

/// Matches nothing, not even the empty text.
const NEVER: &str = "(?!)";

/// The filters that share the levels up to here.
#[derive(Default)]
pub(super) struct Alternatives {
    next: BTreeMap<String, Self>,
    /// A filter ends here.
    end: bool,
    /// A filter ends in `#` below here.
    all_below: bool,
}

impl Alternatives {
    /// Adds a valid topic filter.
    pub(super) fn add(&mut self, filter: &str) {
        let mut at = self;
        for level in filter.split('/') {
            if level == ALL_LEVELS {
                at.all_below = true;
                return;
            }
            at = at.next.entry(level.to_owned()).or_default();
        }
        at.end = true;
    }

    /// The regular expression of all of them; `one_level` is that of `+`. It is anchored at both ends
    /// and takes a newline for a character like any other.
    pub(super) fn regex(&self, one_level: &str) -> String {
        match self.branches(one_level) {
            branches if branches.is_empty() => NEVER.to_owned(),
            branches => format!("(?s)^{}\\z", one_of(&branches)),
        }
    }

    /// The levels that follow, each with what follows it.
    fn branches(&self, one_level: &str) -> Vec<String> {
        let mut alike: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (level, node) in &self.next {
            let level = match level.as_str() {
                ONE_LEVEL => one_level.to_owned(),
                text => escaped(text),
            };
            alike.entry(node.rest(one_level)).or_default().push(level);
        }
        let branch = |(rest, levels): (String, Vec<String>)| one_of(&levels) + &rest;
        alike.into_iter().map(branch).collect()
    }

    fn rest(&self, one_level: &str) -> String {
        if self.all_below {
            return "(?:\\..*)?".to_owned();
        }
        match (self.branches(one_level), self.end) {
            (branches, _) if branches.is_empty() => String::new(),
            (branches, false) => format!("\\.{}", one_of(&branches)),
            (branches, true) => format!("(?:\\.{})?", one_of(&branches)),
        }
    }
}

fn one_of(texts: &[String]) -> String {
    match texts {
        [only] => only.clone(),
        several => format!("(?:{})", several.join("|")),
    }
}

/// The regular expression that matches this text and no other.
pub(super) fn escaped(text: &str) -> String {
    let mut regex = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '-' | '@' | ':' | '=' => regex.push(c),
            '.' => regex.push_str("\\."),
            // No name has any other; its code point is itself everywhere.
            c => drop(write!(regex, "\\x{{{:x}}}", u32::from(c))),
        }
    }
    regex
}
