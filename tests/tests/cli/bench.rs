//! `bench`: that it measures, compares and counts; how long anything takes is nobody's business here.

use anyhow::{Context, Result};
use mcp_mqtt_tests::{Mosquitto, artifacts};
use serde_json::Value;

use crate::run::{Ended, Run, Running, broker, fixture, mcp_mqtt};

fn echo(url: &str) -> Result<Running> {
    Run::new(artifacts::example("echo")?)
        .words(&format!("--broker {url}"))
        .serving()
}

fn bench(words: &str, url: &str) -> Result<Ended> {
    mcp_mqtt(&format!(
        "bench {words} --duration 300ms --warmup 50ms --broker {url}"
    ))?
    .end()
}

fn counts(side: &Value) -> Result<()> {
    let number = |pointer| side.pointer(pointer).and_then(Value::as_f64);
    for pointer in [
        "/calls",
        "/per_second",
        "/latency_us/p50",
        "/latency_us/max",
        "/cpu_s_per_10000/client",
        "/cpu_s_per_10000/server",
    ] {
        let number = number(pointer).with_context(|| format!("{pointer}: {side}"))?;
        let cpu = pointer.starts_with("/cpu");
        assert!(number > 0.0 || cpu, "{pointer}: {side}");
    }
    assert_eq!(side["failures"], serde_json::json!({}), "{side}");
    Ok(())
}

fn compares(url: &str) -> Result<()> {
    let server = echo(url)?;
    let pid = server.pid();
    let words = format!("--tool echo --concurrency 8 --payload 64 --floor --json --pid {pid}");
    let report = bench(&words, url)?.json()?;
    counts(&report["measured"])?;
    counts(&report["raw"])?;
    for ratio in ["p50", "per_second"] {
        let ratio = report["ratios"][ratio].as_f64();
        assert!(ratio.is_some_and(|ratio| ratio > 0.0), "{report}");
    }
    assert!(
        report["memory_bytes"]["after"].as_u64() > Some(0),
        "{report}"
    );
    assert_eq!(
        (&report["protocol"], &report["tool"], &report["concurrency"]),
        (&"tool-topics".into(), &"echo".into(), &8.into())
    );
    Ok(())
}

#[test]
fn calls_and_bare_mqtt_are_compared_on_mosquitto() -> Result<()> {
    compares(&Mosquitto::open()?.url())
}

#[test]
fn calls_and_bare_mqtt_are_compared_on_the_embedded_broker() -> Result<()> {
    let (_broker, url) = broker("")?;
    compares(&url)
}

#[test]
fn people_get_a_table_and_no_progress_without_a_terminal() -> Result<()> {
    let (_broker, url) = broker("")?;
    let _server = echo(&url)?;
    let ended = bench("--concurrency 4 --floor", &url)?;
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    for part in [
        "calls of `echo` with 4 in flight",
        "p99.9",
        "raw MQTT",
        "ratio",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    Ok(())
}

#[test]
fn what_can_never_work_is_told_at_once_with_the_exit_code_of_a_call() -> Result<()> {
    let (_broker, url) = broker("")?;
    let _server = fixture(&format!("--broker {url}"))?.serving()?;
    for (words, code, said) in [
        ("--tool none", 4, "error: `none` is unavailable"),
        (
            "--tool fail --as mallory",
            3,
            "error: the server refused the call",
        ),
        (
            "--tool fail --as scout --arguments {}",
            5,
            "error: `fail` failed: the roof is on fire",
        ),
        ("--tool echo --arguments {}", 5, "error: /text is required"),
        ("--arguments []", 2, "error: --arguments: no JSON object"),
        (
            "--pid 4294967295",
            2,
            "error: --pid: cannot measure this process",
        ),
        ("--concurrency 0", 2, "0 is not in 1..=4096"),
        ("--payload 1 --arguments {}", 2, "cannot be used with"),
    ] {
        let ended = bench(&format!("--namespace demo {words}"), &url)?;
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (code, ""),
            "{words}: {ended:?}"
        );
        assert!(ended.stderr.contains(said), "{words}: {ended:?}");
    }
    Ok(())
}

#[test]
fn a_broker_that_refuses_the_raw_topics_is_told_with_the_grant_it_takes() -> Result<()> {
    // What the exported policy gives a caller of an open tool, and its server.
    let acl = "\
user echo
topic readwrite a2a/v1/mcp/#
user bench
topic write a2a/v1/mcp/tools/echo/call/bench
topic read a2a/v1/mcp/clients/bench/responses
topic read a2a/v1/mcp/tools/echo/card
topic read a2a/v1/mcp/servers/echo/card
";
    let broker = Mosquitto::builder()
        .users(["echo", "bench"])
        .acl(acl)
        .start()?;
    let _server = echo(&broker.url_as("echo"))?;
    let ended = bench("--floor", &broker.url_as("bench"))?;
    assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "{ended:?}");
    for part in [
        "--floor: the broker refuses the raw topic",
        "clients/bench/bench/",
    ] {
        assert!(ended.stderr.contains(part), "{part}: {ended:?}");
    }
    assert_eq!(bench("", &broker.url_as("bench"))?.code, 0);
    Ok(())
}
