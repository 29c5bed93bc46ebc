//! What a child process prints, line by line, for a test to wait on.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::PATIENCE;

/// The lines of one stream of a child, collected by a thread until the child closes it.
#[derive(Clone, Default)]
pub struct Log(Arc<(Mutex<Lines>, Condvar)>);

#[derive(Default)]
struct Lines {
    all: Vec<String>,
    closed: bool,
}

/// How many lines a [`Log`] had at some moment: waiting starts there.
#[derive(Clone, Copy, Default)]
pub struct Mark(usize);

impl Log {
    /// Collects the lines of `stream` from now on.
    pub fn of(stream: impl Read + Send + 'static) -> Self {
        let log = Self::default();
        let writer = log.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                writer.change(|lines| lines.all.push(String::from_utf8_lossy(&line).into_owned()));
            }
            writer.change(|lines| lines.closed = true);
        });
        log
    }

    /// The present end.
    pub fn mark(&self) -> Mark {
        Mark(self.lines().all.len())
    }

    /// Waits for a line that holds `text` and stands after `mark`, and returns it.
    ///
    /// # Errors
    ///
    /// When the stream ends first or [`PATIENCE`] does; the error shows everything that was printed.
    pub fn wait_for(&self, mark: Mark, text: &str) -> Result<String> {
        let found = |lines: &Lines| {
            lines
                .all
                .iter()
                .skip(mark.0)
                .find(|line| line.contains(text))
                .cloned()
        };
        let lines = self.wait_until(|lines| lines.closed || found(lines).is_some());
        match found(&lines) {
            Some(line) => Ok(line),
            None if lines.closed => bail!(
                "it ended before it printed `{text}`:\n{}",
                lines.all.join("\n")
            ),
            None => bail!(
                "waited {PATIENCE:?} in vain for `{text}`:\n{}",
                lines.all.join("\n")
            ),
        }
    }

    /// Waits for the end of the stream, which is the end of the child; `false` when it lives on.
    pub fn wait_for_end(&self) -> bool {
        self.wait_until(|lines| lines.closed).closed
    }

    /// Everything up to now.
    pub fn text(&self) -> String {
        self.lines().all.join("\n")
    }

    fn wait_until(&self, done: impl Fn(&Lines) -> bool) -> MutexGuard<'_, Lines> {
        let end = Instant::now() + PATIENCE;
        let mut lines = self.lines();
        while !done(&lines) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.0.1.wait_timeout(lines, left);
            (lines, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
        lines
    }

    fn change(&self, change: impl FnOnce(&mut Lines)) {
        change(&mut self.lines());
        self.0.1.notify_all();
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_after_its_mark_only() {
        let log = Log::of("one\ntwo\none more\n".as_bytes());
        assert!(log.wait_for_end());
        assert_eq!(log.wait_for(Mark::default(), "one").unwrap(), "one");
        assert_eq!(log.wait_for(Mark(1), "one").unwrap(), "one more");
        assert_eq!(log.mark().0, 3);
    }

    #[test]
    fn the_end_is_an_error_that_shows_what_was_printed() {
        let log = Log::of("bind: address in use\n".as_bytes());
        let error = log
            .wait_for(Mark::default(), "running")
            .unwrap_err()
            .to_string();
        assert!(error.contains("it ended before"), "{error}");
        assert!(error.contains("bind: address in use"), "{error}");
    }
}
