//! Latencies: all of them, so that the worst is not an estimate.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Latencies as they come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies(Vec<u32>);

/// What they come to, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) count: usize,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Latencies {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    pub(crate) fn spread(mut self) -> Spread {
        self.0.sort_unstable();
        let at = |share: f64| {
            let last = self.0.len().saturating_sub(1);
            #[expect(clippy::cast_possible_truncation, reason = "a place in a list")]
            #[expect(clippy::cast_sign_loss, reason = "a place in a list")]
            let place = (last as f64 * share).ceil() as usize;
            self.0.get(place).map_or(0.0, |&micros| f64::from(micros) / 1000.0)
        };
        Spread { count: self.0.len(), p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

/// The value in the middle.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
