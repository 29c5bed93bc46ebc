//! The stream topics in use. A stream topic is named by an id that the caller chose, and every caller
//! of the tool may read it: nobody may have a second call write where one writes already.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
pub(super) struct Streams(Mutex<HashSet<String>>);

impl Streams {
    /// Takes a topic; `false` if a call that runs has it.
    pub(super) fn take(&self, topic: &str) -> bool {
        self.lock().insert(topic.to_owned())
    }

    /// Gives a topic back.
    pub(super) fn give_back(&self, topic: &str) {
        self.lock().remove(topic);
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_for_one_call_at_a_time() {
        let streams = Streams::default();
        assert!(streams.take("a"));
        assert!(!streams.take("a"));
        assert!(streams.take("b"));
        streams.give_back("a");
        assert!(streams.take("a"));
    }
}
