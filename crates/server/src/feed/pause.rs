//! How long to wait before the next attempt: twice as long each time, up to a bound, and never quite as long as another.

use std::time::Duration;

/// Waits that grow.
#[derive(Clone, Debug)]
pub(super) struct Pause {
    min: Duration,
    max: Duration,
    next: Duration,
    random: u64,
}

impl Pause {
    /// Waits from about `min` to `max`. `seed` tells those apart who failed at the same moment.
    pub(super) const fn new(min: Duration, max: Duration, seed: u64) -> Self {
        Self { min, max, next: min, random: seed }
    }

    /// The next wait: between half of what is due and all of it.
    pub(super) fn next(&mut self) -> Duration {
        let due = self.next.min(self.max);
        self.next = due.saturating_mul(2).min(self.max);
        due / 2 + due.mul_f64(self.share() / 2.0)
    }

    /// After a success: the next wait is a short one again.
    pub(super) const fn reset(&mut self) {
        self.next = self.min;
    }

    /// The shortest wait is `min` from now on.
    pub(super) fn set_min(&mut self, min: Duration) {
        self.min = min.min(self.max);
        self.next = self.min;
    }

    /// A share from 0 to 1: splitmix64 (Steele, Lea, Flood 2014), which is random enough to keep clients apart.
    fn share(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as f64 / u64::MAX as f64
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pause;

    #[test]
    fn waits_double_up_to_a_bound_and_differ_by_seed() {
        let of = |seed| {
            let mut pause = Pause::new(Duration::from_secs(1), Duration::from_secs(10), seed);
            (0..8).map(|_| pause.next()).collect::<Vec<_>>()
        };
        for (place, wait) in of(7).into_iter().enumerate() {
            let due = Duration::from_secs([1, 2, 4, 8, 10, 10, 10, 10][place]);
            assert!(wait >= due / 2 && wait <= due, "{place}: {wait:?}");
        }
        assert_ne!(of(7), of(8));
        let mut pause = Pause::new(Duration::from_secs(1), Duration::from_secs(10), 7);
        pause.next();
        pause.next();
        pause.reset();
        assert!(pause.next() <= Duration::from_secs(1));
        pause.set_min(Duration::from_secs(99));
        assert!(pause.next() <= Duration::from_secs(10), "a bound is a bound");
    }
}
