//! The long form of the chaos run, by `tests/chaos --minutes N [--seed S]`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mcp_mqtt_tests::chaos::{self, Plan};

const USAGE: &str =
    "usage: chaos --minutes N [--seed S] [--replicas N] [--clients N] [--concurrency N]";

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let program = std::env::current_exe()?.with_file_name("replica");
    let mut plan = Plan::new(program, fresh_seed()?, Duration::from_secs(60));
    plan.live = true;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().context(USAGE)?;
        match word.as_str() {
            "--minutes" => plan.duration = Duration::from_secs_f64(60.0 * value.parse::<f64>()?),
            "--seed" => plan.seed = value.parse()?,
            "--replicas" => plan.replicas = value.parse()?,
            "--clients" => plan.clients = value.parse()?,
            "--concurrency" => plan.concurrency = value.parse()?,
            _ => bail!(USAGE),
        }
    }
    eprintln!("seed {}", plan.seed);
    let report = chaos::run(&plan).await?;
    println!("\n{report}");
    Ok(match report.violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Small, to be typed again.
fn fresh_seed() -> Result<u64> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(now.as_millis() as u64 % 1_000_000)
}
