//! `serve --metrics` and the spans of calls, as an operator meets them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use anyhow::{Context, Result, ensure};
use mcp_mqtt_tests::log::Mark;
use mcp_mqtt_tests::{Mosquitto, Properties, RawClient, within};
use serde_json::{Value, json};

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

/// Whether each line is shown.
fn shows(server: &Running, lines: &[&str]) -> Result<()> {
    let text = fetch(server, "GET", "/metrics")?;
    for line in lines {
        ensure!(text.lines().any(|l| l == *line), "no `{line}` in:\n{text}");
    }
    Ok(())
}

/// Waits until each line is shown.
async fn until_it_shows(server: &Running, lines: &[&str]) -> Result<()> {
    let shown = async {
        while shows(server, lines).is_err() {
            tokio::task::yield_now().await;
        }
    };
    match within("metrics", shown).await {
        Ok(()) => Ok(()),
        Err(_) => shows(server, lines),
    }
}

fn inbox(caller: &str) -> String {
    format!("demo/mcp/clients/{caller}/responses")
}

fn payload(id: &str, caller: &str, arguments: Value) -> String {
    json!({"call_id": id, "client": caller, "arguments": arguments}).to_string()
}

/// Publishes a call with these user properties.
async fn publish(
    client: &RawClient,
    (id, caller, tool): (&str, &str, &str),
    payload: String,
    user: &[(&str, &str)],
) -> Result<()> {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let properties = Properties {
        response_topic: Some(inbox(caller)),
        correlation_data: Some(id.to_owned().into()),
        user_properties: user.iter().map(pair).collect(),
        ..Properties::default()
    };
    let topic = format!("demo/mcp/tools/{tool}/call/{caller}");
    let sent = client.publish_with(&topic, payload, false, properties);
    sent.await?;
    Ok(())
}

/// Makes a call of scout and waits for its response.
async fn call(client: &RawClient, id: &str, tool: &str, arguments: Value) -> Result<()> {
    let payload = payload(id, "scout", arguments);
    publish(client, (id, "scout", tool), payload, &[]).await?;
    client.message().await?;
    Ok(())
}

async fn scout(broker: &Mosquitto) -> Result<RawClient> {
    let scout = RawClient::connect(broker.port(), "scout").await?;
    scout.subscribe(&inbox("scout")).await?;
    Ok(scout)
}

/// The fixture with a page of metrics.
fn counting(broker: &Mosquitto) -> Result<Running> {
    fixture(&format!("--broker {} --metrics 127.0.0.1:0", broker.url()))?.serving()
}

#[tokio::test]
async fn what_happens_is_counted_and_can_be_fetched() -> Result<()> {
    let broker = Mosquitto::open()?;
    let server = counting(&broker)?;
    let scout = scout(&broker).await?;
    call(&scout, "1", "echo", json!({"text": "x"})).await?;
    call(&scout, "1", "echo", json!({"text": "x"})).await?;
    call(&scout, "1", "echo", json!({"text": "y"})).await?;
    call(&scout, "2", "echo", json!({"text": 2})).await?;
    call(&scout, "3", "fail", json!({})).await?;
    // Where no answer goes, there is one to what comes next.
    scout
        .publish("demo/mcp/tools/echo/call", "nonsense")
        .await?;
    call(&scout, "4", "echo", json!({"text": "x"})).await?;
    until_it_shows(
        &server,
        &[
            "mcp_mqtt_server_calls_running 0",
            r#"mcp_mqtt_server_calls_total{tool="echo",outcome="ok"} 2"#,
            r#"mcp_mqtt_server_calls_total{tool="echo",outcome="invalid_arguments"} 2"#,
            r#"mcp_mqtt_server_calls_total{tool="fail",outcome="tool_error"} 1"#,
            r#"mcp_mqtt_server_duplicates_total{kind="replayed"} 1"#,
            r#"mcp_mqtt_server_duplicates_total{kind="conflicting"} 1"#,
            r#"mcp_mqtt_server_duplicates_total{kind="attached"} 0"#,
            r#"mcp_mqtt_server_refused_total{reason="unanswerable"} 1"#,
            r#"mcp_mqtt_server_call_duration_seconds_count{tool="echo"} 3"#,
            r#"mcp_mqtt_server_call_duration_seconds_bucket{tool="echo",le="60"} 3"#,
            "mcp_mqtt_server_calls_queued 0",
            "mcp_mqtt_reconnects_total 0",
            "# TYPE mcp_mqtt_server_calls_total counter",
        ],
    )
    .await?;
    let text = fetch(&server, "GET", "/metrics")?;
    assert!(text.contains("content-type: text/plain; version=0.0.4"));
    assert!(!text.contains("scout"), "a caller is no label:\n{text}");
    assert_eq!(server.stop()?.code, 0);
    Ok(())
}

#[tokio::test]
async fn a_call_that_is_held_and_its_end_by_a_cancel_are_counted() -> Result<()> {
    let broker = Mosquitto::open()?;
    let server = counting(&broker)?;
    let scout = scout(&broker).await?;
    let test = TcpListener::bind("127.0.0.1:0")?;
    let held = payload("1", "scout", json!({"port": test.local_addr()?.port()}));
    for _ in 0..2 {
        let call = ("1", "scout", "hold");
        publish(&scout, call, held.clone(), &[("mcp-mqtt-inbox", "1")]).await?;
    }
    let _tool = test.accept()?;
    until_it_shows(
        &server,
        &[
            "mcp_mqtt_server_calls_running 1",
            "mcp_mqtt_server_accept_notices_total 1",
            r#"mcp_mqtt_server_duplicates_total{kind="attached"} 1"#,
        ],
    )
    .await?;
    let cancel = json!({"call_id": "1", "tool": "hold"}).to_string();
    let properties = Properties {
        correlation_data: Some("1".into()),
        ..Properties::default()
    };
    let topic = "demo/mcp/servers/fixture/cancel/scout";
    let sent = scout.publish_with(topic, cancel, false, properties);
    sent.await?;
    until_it_shows(
        &server,
        &[
            "mcp_mqtt_server_calls_running 0",
            "mcp_mqtt_server_cancels_total 1",
            r#"mcp_mqtt_server_calls_total{tool="hold",outcome="cancelled"} 1"#,
        ],
    )
    .await
}

#[tokio::test]
async fn a_response_that_nobody_takes_is_counted_each_time_that_it_is_sent_again() -> Result<()> {
    let broker = Mosquitto::open()?;
    let server = counting(&broker)?;
    let late = RawClient::connect(broker.port(), "late").await?;
    let call = payload("1", "late", json!({"text": "x"}));
    publish(&late, ("1", "late", "echo"), call, &[]).await?;
    let retried = async {
        while shows(&server, &["mcp_mqtt_server_response_retries_total 0"]).is_ok() {
            tokio::task::yield_now().await;
        }
    };
    within("a response that is sent again", retried).await?;
    late.subscribe(&inbox("late")).await?;
    assert_eq!(late.message().await?.json()?["result"], "x");
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
    shows(
        &server,
        &[
            "mcp_mqtt_connection_losses_total 1",
            "mcp_mqtt_reconnects_total 1",
        ],
    )
}

#[test]
fn there_is_one_page_and_it_is_read_only() -> Result<()> {
    let broker = Mosquitto::open()?;
    let server = counting(&broker)?;
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
    let scout = scout(&broker).await?;
    let trace = [("traceparent", PARENT), ("tracestate", "a=1")];
    let call = payload("an\nid", "scout", json!({}));
    publish(&scout, ("1", "scout", "fail"), call, &trace).await?;
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
