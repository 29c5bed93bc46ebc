//! `serve --metrics` and the spans of calls, as an operator meets them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use anyhow::{Context, Result};
use mcp_mqtt_tests::log::Mark;
use mcp_mqtt_tests::{Mosquitto, Properties, RawClient};
use serde_json::json;

use crate::run::{Running, fixture};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What a server answers to a request at `path` of the address that it names.
fn fetch(server: &Running, method: &str, path: &str) -> Result<String> {
    let block = server.stdout.text();
    let (_, address) = block.split_once("http://").context(block.clone())?;
    let (address, _) = address.split_once("/metrics").context("no path")?;
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

/// Publishes a call of scout and waits for its response.
async fn call(client: &RawClient, id: &str, tool: &str, payload: &str) -> Result<()> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let properties = Properties {
        response_topic: Some("demo/mcp/clients/scout/responses".to_owned()),
        correlation_data: Some(id.to_owned().into()),
        user_properties: vec![pair("traceparent", PARENT), pair("tracestate", "a=1")],
        ..Properties::default()
    };
    let topic = format!("demo/mcp/tools/{tool}/call/scout");
    let sent = client.publish_with(&topic, payload.to_owned(), false, properties);
    sent.await?;
    client.message().await?;
    Ok(())
}

#[tokio::test]
async fn what_happens_is_counted_and_can_be_fetched() -> Result<()> {
    let broker = Mosquitto::open()?;
    let words = format!("--broker {} --metrics 127.0.0.1:0", broker.url());
    let server = fixture(&words)?.serving()?;
    let scout = RawClient::connect(broker.port(), "scout").await?;
    scout.subscribe("demo/mcp/clients/scout/responses").await?;
    let body = |id: &str, arguments| {
        json!({"call_id": id, "client": "scout", "arguments": arguments}).to_string()
    };
    let good = body("1", json!({"text": "x"}));
    call(&scout, "1", "echo", &good).await?;
    call(&scout, "1", "echo", &good).await?;
    call(&scout, "1", "echo", &body("1", json!({"text": "y"}))).await?;
    call(&scout, "2", "echo", &body("2", json!({"text": 2}))).await?;
    call(&scout, "3", "fail", &body("3", json!({}))).await?;
    // Where no answer goes, nothing can be waited for but the answer to what comes next.
    let topic = "demo/mcp/tools/echo/call";
    scout.publish(topic, "nonsense").await?;
    call(&scout, "4", "echo", &body("4", json!({"text": "x"}))).await?;
    scout
        .publish(
            "demo/mcp/servers/fixture/cancel/scout",
            json!({"call_id": "5", "tool": "echo"}).to_string(),
        )
        .await?;
    call(&scout, "6", "echo", &body("6", json!({"text": "x"}))).await?;

    let text = fetch(&server, "GET", "/metrics")?;
    let (head, text) = text.split_once("\r\n\r\n").context("no body")?;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        head.contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    for line in [
        r#"mcp_mqtt_server_calls_total{tool="echo",outcome="ok"} 3"#,
        r#"mcp_mqtt_server_calls_total{tool="echo",outcome="invalid_arguments"} 2"#,
        r#"mcp_mqtt_server_calls_total{tool="fail",outcome="tool_error"} 1"#,
        r#"mcp_mqtt_server_duplicates_total{kind="replayed"} 1"#,
        r#"mcp_mqtt_server_duplicates_total{kind="conflicting"} 1"#,
        r#"mcp_mqtt_server_duplicates_total{kind="attached"} 0"#,
        r#"mcp_mqtt_server_refused_total{reason="unanswerable"} 1"#,
        r#"mcp_mqtt_server_cancels_total 1"#,
        r#"mcp_mqtt_server_call_duration_seconds_count{tool="echo"} 4"#,
        r#"mcp_mqtt_server_call_duration_seconds_bucket{tool="echo",le="60"} 4"#,
        "mcp_mqtt_server_calls_running 0",
        "mcp_mqtt_server_calls_queued 0",
        "mcp_mqtt_reconnects_total 0",
        "# TYPE mcp_mqtt_server_calls_total counter",
    ] {
        assert!(text.lines().any(|l| l == line), "no `{line}` in:\n{text}");
    }
    assert!(!text.contains("scout"), "a caller is no label:\n{text}");
    assert_eq!(server.stop()?.code, 0);
    Ok(())
}

#[test]
fn a_lost_connection_is_counted_and_so_is_the_next_one() -> Result<()> {
    let mut broker = Mosquitto::open()?;
    let server = fixture(&format!("--broker {}", broker.url()))?
        .env("MCP_MQTT_METRICS", "127.0.0.1:0")
        .serving()?;
    broker.restart()?;
    server
        .stderr
        .wait_for(Mark::default(), "connected to the broker again")?;
    let text = fetch(&server, "GET", "/metrics")?;
    for line in [
        "mcp_mqtt_connection_losses_total 1",
        "mcp_mqtt_reconnects_total 1",
    ] {
        assert!(text.lines().any(|l| l == line), "no `{line}` in:\n{text}");
    }
    Ok(())
}

#[test]
fn there_is_one_page_and_it_is_read_only() -> Result<()> {
    let broker = Mosquitto::open()?;
    let words = format!("--broker {} --metrics 127.0.0.1:0", broker.url());
    let server = fixture(&words)?.serving()?;
    for (method, path, status) in [
        ("HEAD", "/metrics", "200"),
        ("GET", "/", "404"),
        ("POST", "/metrics", "405"),
    ] {
        let answer = fetch(&server, method, path)?;
        let start = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&start), "{method} {path}: {answer}");
    }
    Ok(())
}

#[test]
fn a_port_that_is_taken_is_an_error_that_says_so() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?;
    let ended = fixture(&format!("--broker mqtt://h --metrics {address}"))?.end()?;
    assert_eq!(ended.code, 1, "{ended:?}");
    let start = format!("error: --metrics (MCP_MQTT_METRICS) {address}: ");
    assert!(ended.stderr.starts_with(&start), "{ended:?}");
    assert!(ended.stderr.contains("port 0 for any port"), "{ended:?}");
    Ok(())
}

#[tokio::test]
async fn what_a_tool_logs_stands_in_the_span_of_its_call() -> Result<()> {
    let broker = Mosquitto::open()?;
    let words = format!("--broker {} --log info,mcp_mqtt::call=debug", broker.url());
    let server = fixture(&words)?.serving()?;
    let scout = RawClient::connect(broker.port(), "scout").await?;
    scout.subscribe("demo/mcp/clients/scout/responses").await?;
    let payload = json!({"call_id": "an\nid", "client": "scout", "arguments": {}});
    call(&scout, "1", "fail", &payload.to_string()).await?;
    let line = server.stderr.wait_for(Mark::default(), "a tool failed")?;
    for part in [
        "mcp.call{",
        r#"otel.kind="server""#,
        r#"mcp.method.name="tools/call""#,
        r#"gen_ai.tool.name="fail""#,
        r#"caller="scout" verified=false call_id="an\nid" instance=""#,
        &format!(r#"traceparent="{PARENT}" tracestate="a=1""#),
    ] {
        assert!(line.contains(part), "no `{part}` in: {line}");
    }
    assert_eq!(server.stop()?.code, 0);
    Ok(())
}
