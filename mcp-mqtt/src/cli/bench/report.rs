//! The result of `bench`, for people and as JSON.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::args::Plan;
use super::tally::Tally;
use crate::cli::table::clean;

/// What was measured.
pub(super) struct Report {
    pub(super) plan: Plan,
    pub(super) measured: Tally,
    pub(super) raw: Option<Tally>,
    /// Of the server, in bytes: before and after.
    pub(super) memory: Option<[u64; 2]>,
}

/// The quantiles that are told, with their names.
const QUANTILES: [(&str, f64); 5] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("max", 1.0),
];

const MIB: f64 = 1024.0 * 1024.0;

impl Report {
    pub(super) fn text(&self, json: bool) -> String {
        match json {
            true => format!("{}\n", self.json()),
            false => self.table(),
        }
    }

    fn json(&self) -> Value {
        let mut object = json!({
            "protocol": "tool-topics",
            "tool": self.plan.tool,
            "concurrency": self.plan.concurrency,
            "duration_s": self.plan.duration.as_secs_f64(),
            "measured": side(&self.measured),
        });
        if let Some([before, after]) = self.memory {
            object["memory_bytes"] = json!({"before": before, "after": after});
        }
        if let Some(raw) = &self.raw {
            object["raw"] = side(raw);
            object["ratios"] = self.ratios(raw).into_iter().collect::<Map<_, _>>().into();
        }
        object
    }

    /// Ours by the floor's, as far as both are known.
    fn ratios(&self, raw: &Tally) -> Vec<(String, Value)> {
        let ours = &self.measured;
        let seconds = |tally: &Tally| Some(tally.quantile(0.5).as_secs_f64());
        let ratio = |name: &str, one: Option<f64>, other: Option<f64>| {
            let ratio = one? / other.filter(|other| *other > 0.0)?;
            Some((name.to_owned(), json!(ratio)))
        };
        [
            ratio("p50", seconds(ours), seconds(raw)),
            ratio(
                "per_second",
                Some(ours.per_second()),
                Some(raw.per_second()),
            ),
            ratio(
                "server_cpu",
                ours.for_10_000(ours.server_cpu),
                raw.for_10_000(raw.server_cpu),
            ),
            ratio(
                "client_cpu",
                ours.for_10_000(ours.client_cpu),
                raw.for_10_000(raw.client_cpu),
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn table(&self) -> String {
        let mut out = format!(
            "{} calls of `{}` with {} in flight, in {:.1} s\n\n",
            self.measured.calls(),
            self.plan.tool,
            self.plan.concurrency,
            self.measured.elapsed.as_secs_f64()
        );
        let heads = [
            "calls/s",
            "p50",
            "p90",
            "p99",
            "p99.9",
            "max",
            "CPU server",
            "client",
        ];
        out += &line("", heads.map(str::to_owned));
        out += &row("calls", &self.measured);
        if let Some(raw) = &self.raw {
            out += &row("raw MQTT", raw);
            let ratios: Map<String, Value> = self.ratios(raw).into_iter().collect();
            let ratio = |name| match ratios.get(name).and_then(Value::as_f64) {
                Some(ratio) => format!("{ratio:.2}"),
                None => String::new(),
            };
            let none = String::new;
            out += &line(
                "ratio",
                [
                    ratio("per_second"),
                    ratio("p50"),
                    none(),
                    none(),
                    none(),
                    none(),
                    ratio("server_cpu"),
                    ratio("client_cpu"),
                ],
            );
        }
        out += "\nCPU is seconds for 10 000 calls.\n";
        if let Some([before, after]) = self.memory {
            let (before, after) = (before as f64 / MIB, after as f64 / MIB);
            out +=
                &format!("The server has {after:.1} MiB resident, {before:.1} MiB at the start.\n");
        }
        for (kind, (count, first)) in &self.measured.failures {
            out += &format!("{count} failed, {kind}: {}\n", clean(first));
        }
        out
    }
}

fn side(tally: &Tally) -> Value {
    let quantiles = QUANTILES.map(|(name, part)| {
        let microseconds = tally.quantile(part).as_nanos() as f64 / 1000.0;
        (name.to_owned(), json!(microseconds))
    });
    let failures = tally.failures.iter();
    let failures = failures.map(|(kind, (count, _))| ((*kind).to_owned(), json!(count)));
    json!({
        "calls": tally.calls(),
        "elapsed_s": tally.elapsed.as_secs_f64(),
        "per_second": tally.per_second(),
        "latency_us": Map::from_iter(quantiles),
        "cpu_s_per_10000": {
            "server": tally.for_10_000(tally.server_cpu),
            "client": tally.for_10_000(tally.client_cpu),
        },
        "failures": failures.collect::<Map<_, _>>(),
    })
}

fn row(name: &str, tally: &Tally) -> String {
    let cpu = |cpu| match tally.for_10_000(cpu) {
        Some(seconds) => format!("{seconds:.2}"),
        None => "?".to_owned(),
    };
    let [p50, p90, p99, p999, max] = QUANTILES.map(|(_, part)| time(tally.quantile(part)));
    let calls = format!("{:.0}", tally.per_second());
    let (server, client) = (cpu(tally.server_cpu), cpu(tally.client_cpu));
    line(name, [calls, p50, p90, p99, p999, max, server, client])
}

fn line(name: &str, cells: [String; 8]) -> String {
    let cells = cells.map(|cell| format!("{cell:>8}")).join(" ");
    format!("{name:<8} {}\n", cells.trim_end())
}

/// A time in three digits and its unit.
pub(super) fn time(time: Duration) -> String {
    let microseconds = time.as_nanos() as f64 / 1000.0;
    let (value, unit) = match microseconds {
        value if value < 1000.0 => (value, "µs"),
        value if value < 1_000_000.0 => (value / 1000.0, "ms"),
        value => (value / 1_000_000.0, "s"),
    };
    let digits = match value {
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        for (nanoseconds, text) in [
            (1_234, "1.23 µs"),
            (150_000, "150 µs"),
            (2_500_000, "2.50 ms"),
            (44_000_000, "44.0 ms"),
            (99_000_000, "99.0 ms"),
            (1_500_000_000, "1.50 s"),
        ] {
            assert_eq!(time(Duration::from_nanos(nanoseconds)), text);
        }
    }
}
