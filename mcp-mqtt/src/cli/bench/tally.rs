//! What is counted: the times of the calls, the failures by kind, the CPU time of both ends.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::usage::Usage;

/// Times beyond this count as this.
const LONGEST: Duration = Duration::from_secs(3600);

/// The result of some time of calling.
pub(super) struct Tally {
    /// In nanoseconds; `None` until there is one.
    latency: Option<Histogram<u64>>,
    /// How many of each kind, and the first one's text.
    pub(super) failures: BTreeMap<&'static str, (u64, String)>,
    pub(super) elapsed: Duration,
    /// CPU time of this process.
    pub(super) client_cpu: Option<Duration>,
    /// CPU time of what answers.
    pub(super) server_cpu: Option<Duration>,
}

impl Default for Tally {
    fn default() -> Self {
        let longest = u64::try_from(LONGEST.as_nanos()).unwrap_or(u64::MAX);
        Self {
            latency: Histogram::new_with_bounds(1, longest, 3).ok(),
            failures: BTreeMap::new(),
            elapsed: Duration::ZERO,
            client_cpu: Some(Duration::ZERO),
            server_cpu: Some(Duration::ZERO),
        }
    }
}

impl Tally {
    /// A call took this long.
    pub(super) fn record(&mut self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        if let Some(latency) = &mut self.latency {
            latency.saturating_record(time);
        }
    }

    /// A call failed.
    pub(super) fn fail(&mut self, kind: &'static str, error: &dyn Display) {
        let (count, _) = self
            .failures
            .entry(kind)
            .or_insert_with(|| (0, error.to_string()));
        *count += 1;
    }

    /// The CPU time that it took at both ends, where that is known before and after.
    pub(super) fn cpu(
        &mut self,
        own: Option<Usage>,
        own_after: Option<Usage>,
        peer: Option<Usage>,
        peer_after: Option<Usage>,
    ) {
        let spent = |before: Option<Usage>, after: Option<Usage>| {
            Some(after?.cpu.saturating_sub(before?.cpu))
        };
        self.client_cpu = spent(own, own_after);
        self.server_cpu = spent(peer, peer_after);
    }

    /// Adds what another turn counted.
    pub(super) fn add(&mut self, other: Self) {
        if let (Some(latency), Some(more)) = (&mut self.latency, &other.latency) {
            // Both have the same bounds.
            let _ = latency.add(more);
        }
        for (kind, (count, text)) in other.failures {
            self.failures.entry(kind).or_insert((0, text)).0 += count;
        }
        self.elapsed += other.elapsed;
        let sum = |one: Option<Duration>, other: Option<Duration>| Some(one? + other?);
        self.client_cpu = sum(self.client_cpu, other.client_cpu);
        self.server_cpu = sum(self.server_cpu, other.server_cpu);
    }

    /// Calls that succeeded.
    pub(super) fn calls(&self) -> u64 {
        self.latency.as_ref().map_or(0, Histogram::len)
    }

    /// Calls that did not.
    pub(super) fn failed(&self) -> u64 {
        self.failures.values().map(|(count, _)| count).sum()
    }

    pub(super) fn per_second(&self) -> f64 {
        self.calls() as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The time within which this part of the calls ended.
    pub(super) fn quantile(&self, part: f64) -> Duration {
        let latency = self.latency.as_ref();
        Duration::from_nanos(latency.map_or(0, |latency| latency.value_at_quantile(part)))
    }

    /// CPU time as seconds for 10 000 calls.
    pub(super) fn for_10_000(&self, cpu: Option<Duration>) -> Option<f64> {
        let calls = self.calls();
        (calls > 0).then(|| cpu.map(|cpu| cpu.as_secs_f64() * 10_000.0 / calls as f64))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(times: &[u64], cpu: Option<u64>) -> Tally {
        let mut tally = Tally::default();
        times
            .iter()
            .for_each(|ms| tally.record(Duration::from_millis(*ms)));
        tally.elapsed = Duration::from_secs(1);
        tally.client_cpu = cpu.map(Duration::from_millis);
        tally
    }

    #[test]
    fn turns_add_up() {
        let mut sum = Tally::default();
        sum.add(turn(&[1, 2, 3], Some(4)));
        sum.add(turn(&[4, 5], Some(6)));
        assert_eq!((sum.calls(), sum.per_second()), (5, 2.5));
        assert_eq!(sum.quantile(0.5).as_millis(), 3);
        assert_eq!(sum.for_10_000(sum.client_cpu), Some(20.0));
        sum.add(turn(&[], None));
        assert_eq!(sum.client_cpu, None, "a part of it says nothing");
    }

    #[test]
    fn failures_are_counted_by_kind_with_the_text_of_the_first() {
        let mut tally = Tally::default();
        for (kind, text) in [("timeout", "a"), ("other", "b"), ("timeout", "c")] {
            tally.fail(kind, &text);
        }
        let mut sum = Tally::default();
        sum.add(tally);
        assert_eq!(sum.failed(), 3);
        assert_eq!(sum.failures["timeout"], (2, "a".to_owned()));
        assert_eq!((sum.calls(), sum.for_10_000(sum.client_cpu)), (0, None));
    }
}
