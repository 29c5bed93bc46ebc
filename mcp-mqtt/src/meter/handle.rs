//! The handles: those of the `metrics` facade, or nothing.

#[cfg(feature = "metrics")]
pub(super) use live::{Late, counter, gauge, histogram};
#[cfg(feature = "metrics")]
pub(super) use metrics::{Counter, Gauge, Histogram};

#[cfg(not(feature = "metrics"))]
pub(super) use nothing::{Counter, Gauge, Histogram, Late, counter, gauge, histogram};

/// A label and its value.
pub(super) type Label<'a> = (&'static str, &'a str);

/// Counters that differ in the value of one label.
#[derive(Debug)]
pub(super) struct Family<const N: usize>([Counter; N]);

impl<const N: usize> Family<N> {
    pub(super) fn register(
        name: &'static str,
        label: &'static str,
        words: [&'static str; N],
    ) -> Self {
        Self(words.map(|word| counter(name, &[(label, word)])))
    }

    /// Counts one of the `at`-th word.
    pub(super) fn count(&self, at: usize) {
        if let Some(counter) = self.0.get(at) {
            counter.increment(1);
        }
    }
}

#[cfg(feature = "metrics")]
mod live {
    use std::sync::OnceLock;

    use super::{Counter, Gauge, Histogram, Label};

    /// A handle that is registered when it is used first.
    #[derive(Debug)]
    pub(in crate::meter) struct Late<T>(OnceLock<T>);

    impl<T> Late<T> {
        pub(in crate::meter) fn get(&self, register: impl FnOnce() -> T) -> &T {
            self.0.get_or_init(register)
        }
    }

    impl<T> Default for Late<T> {
        fn default() -> Self {
            Self(OnceLock::new())
        }
    }

    pub(in crate::meter) fn counter(name: &'static str, labels: &[Label<'_>]) -> Counter {
        metrics::counter!(name, owned(labels))
    }

    pub(in crate::meter) fn gauge(name: &'static str) -> Gauge {
        metrics::gauge!(name)
    }

    pub(in crate::meter) fn histogram(name: &'static str, labels: &[Label<'_>]) -> Histogram {
        metrics::histogram!(name, owned(labels))
    }

    fn owned(labels: &[Label<'_>]) -> Vec<metrics::Label> {
        let own = |(name, value): &Label<'_>| metrics::Label::new(*name, (*value).to_owned());
        labels.iter().map(own).collect()
    }
}

#[cfg(not(feature = "metrics"))]
mod nothing {
    use super::Label;

    #[derive(Debug, Default)]
    pub(in crate::meter) struct Counter;

    #[derive(Debug, Default)]
    pub(in crate::meter) struct Gauge;

    #[derive(Debug, Default)]
    pub(in crate::meter) struct Histogram;

    #[derive(Debug, Default)]
    pub(in crate::meter) struct Late<T>(T);

    impl Counter {
        pub(in crate::meter) fn increment(&self, _: u64) {}
    }

    impl Gauge {
        pub(in crate::meter) fn increment(&self, _: f64) {}
        pub(in crate::meter) fn decrement(&self, _: f64) {}
    }

    impl Histogram {
        pub(in crate::meter) fn record(&self, _: f64) {}
    }

    impl<T> Late<T> {
        pub(in crate::meter) fn get(&self, _: impl FnOnce() -> T) -> &T {
            &self.0
        }
    }

    pub(in crate::meter) fn counter(_: &'static str, _: &[Label<'_>]) -> Counter {
        Counter
    }

    pub(in crate::meter) fn gauge(_: &'static str) -> Gauge {
        Gauge
    }

    pub(in crate::meter) fn histogram(_: &'static str, _: &[Label<'_>]) -> Histogram {
        Histogram
    }
}
