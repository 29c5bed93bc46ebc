//! What can be seen of a call from outside: the span, and what is counted. All of a test runs on its own thread, where
//! its subscriber and its recorder are.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use metrics_exporter_prometheus::PrometheusBuilder;
use tracing_subscriber::fmt::format::FmtSpan;

use super::*;
use crate::wire::TraceContext;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The line about the end of a span that holds `text`.
    fn closed(&self, text: &str) -> String {
        let all = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let mut lines = all.lines().filter(|line| line.contains("close"));
        let found = lines.find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("{all}")).to_owned()
    }
}

/// A server that turns away every other call of `greet`, the first one first, and never answers `hold`.
async fn fickle(broker: &Mosquitto) -> Script {
    let busy = AtomicBool::new(false);
    let topics = ["tools/greet/call/#", "tools/hold/call/#"];
    let server = Script::start(broker, &topics, move |call| {
        if call.message.topic.contains("hold") {
        } else if busy.fetch_not(Ordering::Relaxed) {
            call.ok(json!("hi"));
        } else {
            call.error(json!({"type": "unavailable", "message": "full"}));
        }
    })
    .await;
    for tool in ["greet", "hold"] {
        let card = json!({"bound": true, "inbox": true, "read_only": true});
        server.announce(tool, card).await;
    }
    server
}

#[tokio::test]
async fn the_span_of_a_call_says_who_answered_after_how_many_attempts_and_how() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("mcp_mqtt::call=debug")
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // With one subscriber alone, a test on another thread that comes to the span first would turn it off for all.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let _guard = tracing::subscriber::set_default(subscriber);
    let broker = Mosquitto::start();
    let _server = fickle(&broker).await;
    let client = connect(&broker, "scout").await;
    let trace = TraceContext::parse(PARENT, None);
    let call = client.call("greet", json!({}));
    soon(call.trace_context(trace.as_ref())).await.unwrap();
    let line = lines.closed("greet");
    for part in [
        "mcp.call{",
        r#"otel.kind="client""#,
        r#"mcp.method.name="tools/call""#,
        r#"server="hello""#,
        "attempts=2",
        &format!("traceparent=\"{PARENT}\""),
    ] {
        assert!(line.contains(part), "no `{part}` in {line}");
    }
    assert!(!line.contains("error"), "{line}");
    let call = client.call("hold", json!({}));
    let late = soon(call.timeout(Duration::from_millis(100))).await;
    late.unwrap_err();
    let line = lines.closed("hold");
    for part in [r#"error.type="timeout""#, r#"otel.status_code="ERROR""#] {
        assert!(line.contains(part), "no `{part}` in {line}");
    }
}

#[tokio::test]
async fn calls_are_counted_by_how_they_end() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let broker = Mosquitto::start();
    let _server = fickle(&broker).await;
    let client = connect(&broker, "scout").await;
    soon(client.call("greet", json!({}))).await.unwrap();
    let hold = || client.call("hold", json!({}));
    let late = soon(hold().timeout(Duration::from_millis(100))).await;
    late.unwrap_err();
    soon(client.call("a b", json!({}))).await.unwrap_err();
    drop(tokio::time::timeout(Duration::from_millis(100), hold().into_future()).await);
    let pending = hold().into_future();
    tokio::pin!(pending);
    assert!(futures_util::poll!(&mut pending).is_pending());
    let text = recorder.handle().render();
    for line in [
        r#"mcp_mqtt_client_calls_total{outcome="ok"} 1"#,
        r#"mcp_mqtt_client_calls_total{outcome="timeout"} 1"#,
        r#"mcp_mqtt_client_calls_total{outcome="not_sent"} 1"#,
        r#"mcp_mqtt_client_calls_total{outcome="given_up"} 1"#,
        r#"mcp_mqtt_client_calls_total{outcome="unavailable"} 0"#,
        "mcp_mqtt_client_call_duration_seconds_count 4",
        "mcp_mqtt_client_calls_pending 1",
        "mcp_mqtt_client_retries_total 1",
        "mcp_mqtt_client_cancels_total 2",
    ] {
        assert!(text.lines().any(|l| l == line), "no `{line}` in:\n{text}");
    }
}
