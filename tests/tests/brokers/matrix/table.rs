//! What was asked of the broker, what the policy says and what the broker did; readable when they differ.

use anyhow::{Result, bail};

/// One question to the broker.
struct Row {
    who: &'static str,
    what: String,
    allowed: bool,
    observed: String,
}

/// The answers that differ from the policy, and how many there were of either kind.
#[derive(Default)]
pub struct Table {
    differences: Vec<Row>,
    allowed: usize,
    denied: usize,
}

impl Table {
    /// Notes an answer: whether the policy allows it, and what the broker did if that is something else.
    pub fn note(&mut self, who: &'static str, what: String, allowed: bool, other: Option<String>) {
        match allowed {
            true => self.allowed += 1,
            false => self.denied += 1,
        }
        self.differences.extend(other.map(|observed| Row {
            who,
            what,
            allowed,
            observed,
        }));
    }

    /// Fails with all differences; and when it compared nothing worth it.
    pub fn check(self) -> Result<()> {
        if self.allowed < 40 || self.denied < 200 {
            bail!(
                "only {} allowed and {} denied: the matrix has lost its rows",
                self.allowed,
                self.denied
            );
        }
        if self.differences.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = self.differences.iter().map(Row::line).collect();
        bail!(
            "{} of {} answers differ from the policy:\n{}",
            lines.len(),
            self.allowed + self.denied,
            lines.join("\n")
        )
    }
}

impl Row {
    fn line(&self) -> String {
        let policy = if self.allowed { "allowed" } else { "denied" };
        format!(
            "{:<12} {:<70} policy: {policy:<8} broker: {}",
            self.who, self.what, self.observed
        )
    }
}
