//! A short chaos run. The long form is `tests/chaos`.

use std::time::Duration;

use anyhow::Result;
use mcp_mqtt_tests::artifacts;
use mcp_mqtt_tests::chaos::{self, Plan};

const SEED: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_in_silence_or_runs_twice_while_everything_breaks() -> Result<()> {
    let mut plan = Plan::new(
        artifacts::program("replica")?,
        SEED,
        Duration::from_secs(15),
    );
    plan.restart_every = Duration::from_secs(6);
    let report = chaos::run(&plan).await?;
    assert!(report.complaints.is_empty(), "{report}");
    assert!(report.answered() > 100, "{report}");
    assert!(report.violations.is_empty(), "{report}");
    Ok(())
}
