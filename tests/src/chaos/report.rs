//! What a run found, as a table.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::judge::{Record, Runs, Told, Tool, Violations};
use super::timeline::Disturbance;
use super::{Shared, lock};

/// How many violations of a kind are shown.
const SHOWN: usize = 5;

/// All that is known after a run.
pub struct Report {
    /// What decided it.
    pub seed: u64,
    /// How long it took, with the time until the last call had ended.
    pub took: Duration,
    /// What was in the way of the run itself.
    pub complaints: Vec<String>,
    /// All calls.
    pub records: Vec<Record>,
    /// All runs.
    pub runs: Runs,
    /// What was broken.
    pub disturbances: Vec<Disturbance>,
    /// What must not have been.
    pub violations: Violations,
}

impl Report {
    /// How many calls were answered by a result.
    pub fn answered(&self) -> usize {
        self.records.iter().filter(|r| r.told == Told::Ok).count()
    }

    fn count(&self, tool: Tool, told: impl Fn(&Told) -> bool) -> usize {
        let calls = self.records.iter().filter(|r| r.tool == tool);
        calls.filter(|r| told(&r.told)).count()
    }

    /// What callers of a tool were told that was no result, and how often. Numbers in the texts are left out.
    fn failures(&self, tool: Tool) -> BTreeMap<String, usize> {
        let mut failures = BTreeMap::new();
        for record in self.records.iter().filter(|r| r.tool == tool) {
            let (word, text) = match &record.told {
                Told::Ok => continue,
                Told::Wrong(text) => ("another result", text.as_str()),
                Told::NotRun(text) => ("not run", text.as_str()),
                Told::Unknown(text) => ("unknown", text.as_str()),
                Told::Failed(text) => ("failed", text.as_str()),
                Told::Nothing(text) => ("nothing", text.as_str()),
                Told::Hung => ("hung", ""),
            };
            *failures.entry(format!("{word}: {text}")).or_default() += 1;
        }
        failures
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}, {:.1} s, {} calls",
            self.seed,
            self.took.as_secs_f64(),
            self.records.len()
        )?;
        writeln!(
            f,
            "\n{:<8}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "tool", "calls", "result", "not run", "unknown", "nothing"
        )?;
        for tool in [Tool::Once, Tool::Again] {
            writeln!(
                f,
                "{:<8}{:>10}{:>10}{:>10}{:>10}{:>10}",
                format!("{tool:?}").to_lowercase(),
                self.count(tool, |_| true),
                self.count(tool, |t| *t == Told::Ok),
                self.count(tool, |t| matches!(t, Told::NotRun(_))),
                self.count(tool, |t| matches!(t, Told::Unknown(_))),
                self.count(tool, |t| matches!(t, Told::Nothing(_) | Told::Hung)),
            )?;
        }
        let most = self.runs.values().map(Vec::len).max().unwrap_or(0);
        let again = self.runs.values().filter(|runs| runs.len() > 1).count();
        writeln!(
            f,
            "\n{} calls ran, {again} of them more than once, at most {most} times",
            self.runs.len()
        )?;
        let mut broken = BTreeMap::new();
        for disturbance in &self.disturbances {
            *broken.entry(disturbance.what.word()).or_insert(0) += 1;
        }
        writeln!(f, "\nwhat was broken")?;
        for (what, times) in broken {
            writeln!(f, "{times:>8}  {what}")?;
        }
        for tool in [Tool::Once, Tool::Again] {
            writeln!(f, "\nfailures of {}", format!("{tool:?}").to_lowercase())?;
            for (text, times) in self.failures(tool) {
                writeln!(f, "{times:>8}  {text}")?;
            }
        }
        for complaint in &self.complaints {
            writeln!(f, "\ntrouble: {complaint}")?;
        }
        writeln!(
            f,
            "\nviolations: {}",
            if self.violations.is_empty() {
                "none"
            } else {
                ""
            }
        )?;
        for (kind, lines) in &self.violations {
            writeln!(f, "{:>8}  {kind:?}", lines.len())?;
            for line in lines.iter().take(SHOWN) {
                writeln!(f, "          {line}")?;
            }
        }
        Ok(())
    }
}

/// Says once a second how it goes.
pub(super) async fn live(shared: Arc<Shared>) {
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (calls, results) = {
            let records = lock(&shared.records);
            (
                records.len(),
                records.iter().filter(|r| r.told == Told::Ok).count(),
            )
        };
        let broken = lock(&shared.disturbances).len();
        let replicas = shared.presence().now.len();
        let seconds = shared.began.elapsed().as_secs();
        let rate = calls - before;
        before = calls;
        let line = format!(
            "{seconds:>5} s  {calls} calls, {rate}/s, {} failed  {replicas} replicas  {broken} things broken",
            calls - results
        );
        let _ = write!(std::io::stderr(), "\r{line:<90}");
    }
}
