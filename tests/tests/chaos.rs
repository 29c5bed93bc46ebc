//! A short chaos run. The long form is `tests/chaos`.

use std::time::Duration;

use anyhow::Result;
use mcp_mqtt_tests::artifacts;
use mcp_mqtt_tests::chaos::judge::Kind;
use mcp_mqtt_tests::chaos::{self, Plan};

const SEED: u64 = 4;

/// What a caller is told is true, and it is told in time if it is told at all.
const TRUTH: [Kind; 4] = [
    Kind::OkWithoutRun,
    Kind::NotRunYetRan,
    Kind::WrongAnswer,
    Kind::Late,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_told_the_truth_while_everything_breaks() -> Result<()> {
    let mut plan = Plan::new(
        artifacts::program("replica")?,
        SEED,
        Duration::from_secs(15),
    );
    plan.restart_every = Duration::from_secs(6);
    let report = chaos::run(&plan).await?;
    assert!(report.complaints.is_empty(), "{report}");
    assert!(report.answered() > 100, "{report}");
    let lies = report.violations.keys().find(|kind| TRUTH.contains(kind));
    assert_eq!(lies, None, "{report}");
    Ok(())
}
