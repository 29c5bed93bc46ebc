//! The examples that end by themselves, run as a reader would run them.

use std::process::Stdio;

use anyhow::Result;
use mcp_mqtt_tests::{artifacts, within};
use tokio::process::Command;

#[tokio::test]
async fn the_tour_comes_out_as_it_says() -> Result<()> {
    let mut tour = Command::new(artifacts::example("tour")?);
    let output = tour.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = within("the end of the tour", output).await??;
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{text}\n{errors}",
        output.status
    );
    Ok(())
}
