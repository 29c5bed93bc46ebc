//! What is wrong with the arguments of a call, collected within bounds that keep a hostile call from
//! making the answer large.

use std::fmt;

use crate::wire::ArgumentFault;

/// The most faults that one answer lists; when there are more, the last one says how many.
pub(crate) const MAX_FAULTS: usize = 32;

/// The fault of an argument that fits its schema and still cannot be decoded. What serde says is
/// kept, except for a string it quotes, which may be long or secret.
pub(crate) fn decode(pointer: impl Into<String>, error: impl fmt::Display) -> ArgumentFault {
    let mut text = error.to_string();
    if let Some(start) = text.find(" \"") {
        let end = text.rfind("\", ").map_or(text.len(), |end| end + 1);
        text.replace_range(start..end.max(start), "");
    }
    ArgumentFault::new(pointer, text)
}

/// The arguments of a call do not fit the tool, which therefore did not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct InvalidArguments {
    /// All that is wrong, at most 32 faults; never empty.
    pub faults: Vec<ArgumentFault>,
}

impl From<ArgumentFault> for InvalidArguments {
    fn from(fault: ArgumentFault) -> Self {
        Self {
            faults: vec![fault],
        }
    }
}

/// The faults on one line, separated by `; `.
impl fmt::Display for InvalidArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

/// A bounded list of faults without repetitions.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<ArgumentFault>,
    more: usize,
}

impl Faults {
    pub(crate) fn push(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        // Beyond the bound nothing is built, compared or kept.
        if self.is_full() {
            return self.leave_out(1);
        }
        let fault = ArgumentFault::new(pointer, message);
        if !self.list.contains(&fault) {
            self.list.push(fault);
        }
    }

    /// Whether what is pushed from now on is only counted.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= MAX_FAULTS
    }

    /// Counts faults that were not built because the list is full.
    pub(crate) fn leave_out(&mut self, faults: usize) {
        self.more += faults;
    }

    pub(crate) fn list(&self) -> &[ArgumentFault] {
        &self.list
    }

    /// The list; when faults were left out, its last entry says so.
    pub(crate) fn finish(mut self) -> Vec<ArgumentFault> {
        if self.more > 0 && self.list.pop().is_some() {
            let more = self.more + 1;
            self.list
                .push(ArgumentFault::new("", format!("have {more} more faults")));
        }
        self.list
    }
}

/// `parent` followed by one more reference token, escaped as RFC 6901 asks.
pub(crate) fn child(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_in_pointers_are_escaped() {
        assert_eq!(child("/a", "b/c~d"), "/a/b~1c~0d");
    }

    #[test]
    fn decoding_faults_do_not_quote_strings() {
        let message =
            |text: &str| decode("/a", serde_json::from_str::<u8>(text).unwrap_err()).message;
        assert!(!message(r#""hunter2""#).contains("hunter2"));
        assert!(message(r#""hunter2""#).starts_with("invalid type: string, expected u8"));
        assert!(message("300").starts_with("invalid value: integer `300`, expected u8"));
    }

    #[test]
    fn the_last_fault_says_how_many_were_left_out() {
        let mut faults = Faults::default();
        for i in 0..MAX_FAULTS + 3 {
            faults.push(format!("/{i}"), "is wrong");
        }
        let list = faults.finish();
        assert_eq!(list.len(), MAX_FAULTS);
        assert_eq!(
            list.last().unwrap().to_string(),
            "arguments: have 4 more faults"
        );
    }

    #[test]
    fn equal_faults_are_listed_once() {
        let mut faults = Faults::default();
        faults.push("/a", "is wrong");
        faults.push("/a", "is wrong");
        assert_eq!(faults.finish().len(), 1);
    }
}
