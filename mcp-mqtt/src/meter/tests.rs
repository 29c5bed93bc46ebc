//! What a recorder gets to see.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use metrics_exporter_prometheus::PrometheusBuilder;

use super::*;
use crate::wire::ErrorKind;

/// What there is after `act`, in Prometheus' own form.
fn after(act: impl FnOnce()) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        describe();
        act();
    });
    recorder.handle().render()
}

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|l| l == line), "no `{line}` in:\n{text}");
}

#[test]
fn each_outcome_of_a_tool_is_a_series_once_there_is_one() {
    let text = after(|| {
        let meter = ToolMeter::default();
        for kind in [ErrorKind::ToolError, ErrorKind::Timeout, ErrorKind::Timeout] {
            meter.answered("greet", Some(kind));
        }
        meter.answered("greet", None);
        meter.cancelled("greet");
        meter.took("greet", Duration::from_millis(20));
        meter.took("greet", Duration::from_millis(30));
    });
    for (outcome, count) in [
        ("ok", 1),
        ("tool_error", 1),
        ("timeout", 2),
        ("cancelled", 1),
    ] {
        let series = "mcp_mqtt_server_calls_total{tool=\"greet\",outcome=";
        has(&text, &format!("{series}\"{outcome}\"}} {count}"));
    }
    assert!(!text.contains("unauthorized"), "{text}");
    has(
        &text,
        "mcp_mqtt_server_call_duration_seconds_count{tool=\"greet\"} 2",
    );
    has(
        &text,
        "mcp_mqtt_server_call_duration_seconds_sum{tool=\"greet\"} 0.05",
    );
}

#[test]
fn every_kind_of_error_has_its_own_place() {
    use ErrorKind::*;
    let kinds = [
        InvalidArguments,
        Unauthorized,
        ToolError,
        Timeout,
        Unavailable,
        Unknown,
    ];
    let text = after(|| {
        let meter = ToolMeter::default();
        meter.cancelled("t");
        for kind in kinds {
            meter.answered("t", Some(kind));
        }
    });
    for word in kinds.map(ErrorKind::as_str).iter().chain(&["cancelled"]) {
        let series = format!("mcp_mqtt_server_calls_total{{tool=\"t\",outcome=\"{word}\"}} 1");
        has(&text, &series);
    }
}

#[test]
fn what_is_in_flight_goes_up_and_down() {
    let text = after(|| {
        let places = PlacesMeter::register();
        places.takes_place();
        places.takes_place();
        places.queues();
        places.leaves_place();
        places.leaves_queue();
        let client = ClientMeter::register();
        client.begins();
        client.begins();
        client.ends(Ended::GivenUp, Instant::now());
    });
    has(&text, "mcp_mqtt_server_calls_running 1");
    has(&text, "mcp_mqtt_server_calls_queued 0");
    has(&text, "mcp_mqtt_client_calls_pending 1");
    has(&text, "mcp_mqtt_client_calls_total{outcome=\"given_up\"} 1");
    has(&text, "mcp_mqtt_client_calls_total{outcome=\"ok\"} 0");
}

#[test]
fn a_connection_that_comes_first_is_no_reconnect() {
    let text = after(|| {
        let mut meter = ConnectionMeter::register();
        meter.connected();
        meter.lost();
        meter.connected();
        meter.connected();
    });
    has(&text, "mcp_mqtt_connection_losses_total 1");
    has(&text, "mcp_mqtt_reconnects_total 1");
}

#[test]
fn the_book_lists_every_name_and_no_other() {
    let book = concat!(env!("CARGO_MANIFEST_DIR"), "/../book/src/observing.md");
    let book = std::fs::read_to_string(book).unwrap();
    let mut listed: Vec<_> = book
        .lines()
        .filter_map(|line| line.strip_prefix("| `mcp_mqtt_")?.split('`').next())
        .collect();
    let mut named: Vec<_> = names::ALL
        .iter()
        .filter_map(|name| name.strip_prefix("mcp_mqtt_"))
        .collect();
    listed.sort_unstable();
    named.sort_unstable();
    assert_eq!(listed, named);
}
