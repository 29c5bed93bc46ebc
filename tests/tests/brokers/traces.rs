//! The trace that a call is part of: the tool sees it and may pass it on, and what is none stops nothing.

use anyhow::Result;
use mcp_mqtt::server::RunningServer;
use mcp_mqtt::tool::{Registry, Tool, ToolBuilder, ToolContext, ToolError};
use mcp_mqtt::wire::TraceContext;
use mcp_mqtt_tests::Properties;
use serde_json::{Map, Value, json};

use crate::world::{Broker, Kind, namespace, on_each_broker};

on_each_broker![
    a_trace_goes_from_the_caller_to_the_tool_and_to_the_tool_that_this_calls,
    what_is_no_trace_is_left_out,
];

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn tool(name: &str) -> ToolBuilder {
    Tool::builder(name).input_schema(json!({"type": "object"}))
}

/// A server of `trace`, which returns the trace of its call, and of `relay`, which calls it.
async fn serve(broker: &Broker) -> Result<RunningServer> {
    let trace = tool("trace").raw_handler(|_: Map<String, Value>, ctx: ToolContext| async move {
        let trace = ctx.trace_context();
        let seen = trace.map(|trace| json!([trace.parent(), trace.state()]));
        Ok::<_, ToolError>(seen.unwrap_or_default())
    });
    let client = broker.client("analyst").await?;
    let relay = tool("relay").raw_handler(move |_: Map<String, Value>, ctx: ToolContext| {
        let call = client.call("trace", json!({}));
        async move { Ok::<_, ToolError>(call.trace_context(ctx.trace_context()).await?) }
    });
    let registry = Registry::empty().add(trace.build()?)?.add(relay.build()?)?;
    Ok(broker.server(registry)?.build()?.start().await?)
}

async fn a_trace_goes_from_the_caller_to_the_tool_and_to_the_tool_that_this_calls(
    kind: Kind,
) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let _server = serve(&broker).await?;
    let scout = broker.client("scout").await?;
    let trace = TraceContext::parse(PARENT, Some("congo=t61rcWkgMzE"));
    for tool in ["trace", "relay"] {
        let traced = scout.call(tool, json!({})).trace_context(trace.as_ref());
        assert_eq!(traced.await?, json!([PARENT, "congo=t61rcWkgMzE"]));
        assert_eq!(scout.call(tool, json!({})).await?, Value::Null);
    }
    Ok(())
}

async fn what_is_no_trace_is_left_out(kind: Kind) -> Result<()> {
    let broker = Broker::open(kind).await?;
    let _server = serve(&broker).await?;
    let scout = broker.raw("scout").await?;
    scout.subscribe(&namespace().inbox("scout")).await?;
    let huge = "0".repeat(60_000);
    let mut cases = vec![
        (PARENT, "a=1", json!([PARENT, "a=1"])),
        (PARENT, "a=\u{e4}", json!([PARENT, null])),
        (PARENT, &huge, json!([PARENT, null])),
        (&huge, "a=1", Value::Null),
        ("", "a=1", Value::Null),
        (
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "a=1",
            Value::Null,
        ),
    ];
    let broken = format!("{PARENT}\n");
    // Mosquitto itself takes no control characters.
    if kind == Kind::Embedded {
        cases.push((&broken, "a=1", Value::Null));
        cases.push((PARENT, "a=1\r\nb=2", json!([PARENT, null])));
    }
    for (at, (parent, state, seen)) in cases.into_iter().enumerate() {
        let call = json!({"call_id": at.to_string(), "client": "scout", "arguments": {}});
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let properties = Properties {
            response_topic: Some(namespace().inbox("scout")),
            user_properties: vec![pair("traceparent", parent), pair("tracestate", state)],
            ..Properties::default()
        };
        let topic = namespace().call("trace");
        let sent = scout.publish_with(&topic, call.to_string(), false, properties);
        sent.await?;
        let response = scout.message().await?.json()?;
        assert_eq!(response["result"], seen, "{at}: {response}");
    }
    Ok(())
}
