//! The error of a word, such as the name of a format, that is not among those known.

use std::fmt;

/// A word that is not among those known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} `{}`; use one of {known}", .word.escape_debug())]
pub struct UnknownWord {
    what: &'static str,
    word: String,
    known: String,
}

impl UnknownWord {
    pub(crate) fn find<T: Copy + fmt::Display>(
        what: &'static str,
        all: &[T],
        word: &str,
    ) -> Result<T, Self> {
        let found = all.iter().find(|known| known.to_string() == word);
        found.copied().ok_or_else(|| Self {
            what,
            word: word.to_owned(),
            known: all.iter().map(T::to_string).collect::<Vec<_>>().join(", "),
        })
    }
}
