//! What a call costs without broker and server around it: parsing its topic; and all from its payload to that of its
//! response, among few tools and among many.
//!
//! Run with `cargo bench -p mcp-mqtt --bench dispatch`.

use std::error::Error;
use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::FutureExt;
use mcp_mqtt::__private::answer;
use mcp_mqtt::tool::{Registry, Tool, ToolContext, ToolError};
use mcp_mqtt::wire::{DEFAULT_NAMESPACE, Namespace};
use serde_json::{Value, json};

fn registry(tools: usize) -> Result<Registry, Box<dyn Error>> {
    let mut registry = Registry::empty();
    for n in 0..tools {
        let tool = Tool::builder(format!("tool-{n:05}"))
            .input_schema(json!({
                "type": "object",
                "properties": {"text": {"type": "string"}},
                "required": ["text"],
            }))
            .raw_handler(|arguments, _: ToolContext| async move {
                Ok::<_, ToolError>(Value::Object(arguments))
            });
        registry = registry.add(tool.build()?)?;
    }
    Ok(registry)
}

fn payload(bytes: usize) -> Vec<u8> {
    let call = json!({
        "call_id": "0123456789abcdef0123456789abcdef",
        "arguments": {"text": "x".repeat(bytes)},
        "client": "scout",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "response_topic": "a2a/v1/mcp/clients/scout/responses",
    });
    call.to_string().into_bytes()
}

fn topics(criterion: &mut Criterion, namespace: &Namespace) {
    let mut group = criterion.benchmark_group("topic");
    for (name, topic) in [
        ("call", namespace.call("tool-00005")),
        ("bound call", namespace.bound_call("tool-00005", "scout")),
        ("inbox", namespace.inbox("scout")),
        ("tool card", namespace.tool_card("tool-00005")),
        ("foreign", "another/v1/mcp/tools/tool-00005/call".to_owned()),
    ] {
        group.bench_function(BenchmarkId::new("parse", name), |b| {
            b.iter(|| namespace.parse(black_box(&topic)).is_some());
        });
    }
    group.bench_function(BenchmarkId::new("print", "bound call"), |b| {
        b.iter(|| namespace.bound_call(black_box("tool-00005"), black_box("scout")));
    });
    group.finish();
}

/// Each call is of the next tool: with many, neither tool nor validator is in the cache of the processor.
fn among_tools(criterion: &mut Criterion, namespace: &Namespace) -> Result<(), Box<dyn Error>> {
    let mut group = criterion.benchmark_group("call among tools");
    for tools in [10, 10_000] {
        let registry = registry(tools)?;
        let payload = payload(64);
        let topics: Vec<_> = registry
            .iter()
            .map(|tool| namespace.bound_call(tool.name(), "scout"))
            .collect();
        let one = |topic: &str| {
            answer(namespace, &registry, topic, &payload)
                .now_or_never()
                .flatten()
        };
        for topic in &topics {
            // Builds the validators.
            one(topic).ok_or("a call without a result")?;
        }
        for (which, topics) in [("one", &topics[..1]), ("each", &topics[..])] {
            let mut next = topics.iter().cycle();
            group.bench_function(BenchmarkId::new(which, tools), |b| {
                b.iter_batched(
                    || next.next(),
                    |topic| topic.map(|topic| one(topic)),
                    BatchSize::SmallInput,
                );
            });
        }
    }
    group.finish();
    Ok(())
}

fn of_sizes(criterion: &mut Criterion, namespace: &Namespace) -> Result<(), Box<dyn Error>> {
    let registry = registry(10)?;
    let topic = namespace.bound_call("tool-00005", "scout");
    let mut group = criterion.benchmark_group("call with bytes");
    for bytes in [64, 4096, 1 << 20] {
        let payload = payload(bytes);
        group.throughput(Throughput::Bytes(payload.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(bytes), |b| {
            b.iter(|| answer(namespace, &registry, &topic, black_box(&payload)).now_or_never());
        });
    }
    group.finish();
    Ok(())
}

fn calls(criterion: &mut Criterion) {
    let all = Namespace::new(DEFAULT_NAMESPACE)
        .map_err(|fault| fault.to_string().into())
        .and_then(|namespace| {
            topics(criterion, &namespace);
            among_tools(criterion, &namespace)?;
            of_sizes(criterion, &namespace)
        });
    if let Err(error) = all {
        eprintln!("error: nothing was measured: {error}");
        std::process::exit(1);
    }
}

criterion_group!(benches, calls);
criterion_main!(benches);
