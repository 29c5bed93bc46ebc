//! How an error is told together with its causes, in a log line or on a terminal. The errors
//! themselves live with the operations that fail; only that of an unknown word is here, which has many.

mod word;

use std::error::Error;

pub use word::UnknownWord;

/// The text of an error with its causes, and after them what each of them advises: an error's text is
/// `what is wrong; what to do`, so that this gives `outer: inner: innermost; what to do`.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut what = String::new();
    let mut advice = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        next = cause.source();
        // Some errors repeat their cause in their own text.
        if what.contains(&text) {
            continue;
        }
        let (clause, tip) = match text.split_once("; ") {
            Some((clause, tip)) => (clause, Some(tip.to_owned())),
            None => (text.as_str(), None),
        };
        if !what.is_empty() {
            what.push_str(": ");
        }
        what.push_str(clause);
        advice.extend(tip);
    }
    for tip in advice.iter().rev() {
        what.push_str("; ");
        what.push_str(tip);
    }
    what
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Failure {
        text: &'static str,
        source: Option<Box<Failure>>,
    }

    fn failure(text: &'static str, source: Option<Failure>) -> Failure {
        let source = source.map(Box::new);
        Failure { text, source }
    }

    #[test]
    fn advice_follows_the_causes_innermost_first() {
        let cause = failure(
            "unreachable; check the port",
            Some(failure("refused", None)),
        );
        let error = failure("no connection; try again", Some(cause));
        assert_eq!(
            chain(&error),
            "no connection: unreachable: refused; check the port; try again"
        );
    }

    #[test]
    fn a_cause_that_is_told_already_is_not_told_again() {
        let error = failure(
            "cannot listen: taken; choose another",
            Some(failure("taken", None)),
        );
        assert_eq!(chain(&error), "cannot listen: taken; choose another");
    }
}
