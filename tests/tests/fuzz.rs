//! The fuzz targets on stable Rust: every file of the corpus, and a fixed number of mutations of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Result, bail};
use mcp_mqtt_tests::fuzz::{Mutator, TARGETS, corpus};

/// How many mutations each target is shown; the policies, which are exported in every format, fewer.
const MUTATIONS: usize = 20_000;
const MUTATED_POLICIES: usize = 2_000;
const SEED: u64 = 4;

#[test]
fn topics() -> Result<()> {
    run("topics", MUTATIONS)
}

#[test]
fn envelopes() -> Result<()> {
    run("envelopes", MUTATIONS)
}

#[test]
fn cards() -> Result<()> {
    run("cards", MUTATIONS)
}

#[test]
fn policies() -> Result<()> {
    run("policies", MUTATED_POLICIES)
}

fn run(name: &str, mutations: usize) -> Result<()> {
    let Some((_, target)) = TARGETS.iter().find(|(other, _)| *other == name) else {
        bail!("there is no target {name}");
    };
    let mut files = Vec::new();
    for (file, data) in corpus(name)? {
        holds(*target, &data, &format!("corpus/{name}/{file}"))?;
        files.push(data);
    }
    let mut mutator = Mutator::new(&files, SEED);
    for number in 0..mutations {
        let what = format!("mutation {number} of seed {SEED}");
        holds(*target, &mutator.input(), &what)?;
    }
    Ok(())
}

fn holds(target: fn(&[u8]), data: &[u8], what: &str) -> Result<()> {
    if catch_unwind(AssertUnwindSafe(|| target(data))).is_err() {
        let shown = data.escape_ascii();
        bail!("{what} fails, as said above; put it into the corpus once it is mended:\n{shown}");
    }
    Ok(())
}
