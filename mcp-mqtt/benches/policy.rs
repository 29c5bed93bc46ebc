//! What policies cost: deriving and exporting a large one, a decision of a small and of a large one, and
//! what changes from one large policy to another.
//!
//! Run with `cargo bench -p mcp-mqtt --bench policy`. The large registry has 10 000 tools, each for the
//! same 100 callers: a million pairs of a tool and a caller. On Linux the peak of the memory is
//! printed after each format.

use std::error::Error;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use mcp_mqtt::acl::{Action, ExportOptions, Format, Policy, Scope};
use mcp_mqtt::tool::{Registry, Tool, ToolError};
use serde_json::json;

const CALLERS: usize = 100;
const MANY: usize = 10_000;

fn scope() -> Scope {
    let mut scope = Scope::new("bench", "bench");
    scope.server_identity = Some("bench".to_owned());
    scope.share_key = Some("k3y".to_owned());
    scope
}

fn callers() -> Vec<String> {
    (0..CALLERS).map(|n| format!("caller-{n:03}")).collect()
}

fn registry(tools: usize, callers: &[String]) -> Result<Registry, Box<dyn Error>> {
    let mut registry = Registry::empty();
    for n in 0..tools {
        let tool = Tool::builder(format!("tool-{n:05}"))
            .allowed_callers(callers)
            .input_schema(json!({"type": "object"}))
            .raw_handler(|_, _| async { Ok::<_, ToolError>(json!(null)) });
        registry = registry.add(tool.build()?)?;
    }
    Ok(registry)
}

fn export(criterion: &mut Criterion, large: &Registry) -> Result<(), Box<dyn Error>> {
    let options = ExportOptions::of(&scope());
    let name = format!("{MANY} tools x {CALLERS} callers");
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    group.bench_function("derive", |b| {
        b.iter(|| Policy::derive(&scope(), black_box(large)));
    });
    let policy = Policy::derive(&scope(), large)?;
    print_peak();
    for format in [Format::Json, Format::Mosquitto, Format::MosquittoDynsec] {
        let bytes = policy.export(format, &options)?.text.len();
        println!("{format}: {} MiB", bytes >> 20);
        group.bench_function(BenchmarkId::new("export", format), |b| {
            b.iter(|| black_box(&policy).export(format, &options));
        });
        print_peak();
    }
    group.finish();
    Ok(())
}

/// Bound calls, which are granted, and a stranger's theft of responses, which is not.
fn decide(criterion: &mut Criterion, large: &Registry) -> Result<(), Box<dyn Error>> {
    let mut group = criterion.benchmark_group("decide");
    for (tools, registry) in [(10, &registry(10, &callers())?), (MANY, large)] {
        let policy = Policy::derive(&scope(), registry)?;
        let call = "bench/mcp/tools/tool-00009/call/caller-050";
        let inbox = "bench/mcp/clients/caller-050/responses";
        for (what, who, action, topic, expected) in [
            ("call", "caller-050", Action::Publish, call, true),
            ("theft", "caller-051", Action::Subscribe, inbox, false),
        ] {
            assert_eq!(
                policy.decide(Some(who), action, topic).is_allowed(),
                expected
            );
            group.bench_function(BenchmarkId::new(what, format!("{tools} tools")), |b| {
                b.iter(|| {
                    policy
                        .decide(black_box(Some(who)), action, black_box(topic))
                        .is_allowed()
                });
            });
        }
    }
    group.finish();
    Ok(())
}

/// Nothing changes; one caller takes the place of another at every tool; everybody is new.
fn diff(criterion: &mut Criterion, large: &Registry) -> Result<(), Box<dyn Error>> {
    let old = Policy::derive(&scope(), large)?;
    let mut one = callers();
    one[CALLERS / 2] = "newcomer".to_owned();
    let all: Vec<_> = callers().iter().map(|name| format!("new-{name}")).collect();
    let mut group = criterion.benchmark_group("diff");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    for (what, callers) in [
        ("nothing", callers()),
        ("one caller", one),
        ("all callers", all),
    ] {
        let new = Policy::derive(&scope(), &registry(MANY, &callers)?)?;
        let diff = new.diff(&old);
        println!("{what}: {} rules gain", diff.gained.len());
        group.bench_function(what, |b| b.iter(|| black_box(&new).diff(black_box(&old))));
    }
    group.finish();
    print_peak();
    Ok(())
}

fn policies(criterion: &mut Criterion) {
    let all = registry(MANY, &callers()).and_then(|large| {
        decide(criterion, &large)?;
        export(criterion, &large)?;
        diff(criterion, &large)
    });
    if let Err(error) = all {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn print_peak() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
        println!("peak of the memory so far: {line}");
    }
}

criterion_group!(benches, policies);
criterion_main!(benches);
