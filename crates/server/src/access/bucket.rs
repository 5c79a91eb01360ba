//! How many requests each key may make: a bucket that fills steadily and is emptied by requests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Callers that are remembered; those that did nothing for long have a full bucket and are forgotten.
const CALLERS_MAX: usize = 4096;

/// A bucket for each caller.
pub(crate) struct Buckets {
    per_second: f64,
    burst: f64,
    of: Mutex<HashMap<String, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    level: f64,
    /// When that was, in nanoseconds.
    at: u64,
}

impl Buckets {
    /// So many requests a second, and twice as many at once after a rest.
    pub(crate) fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second.max(1));
        Self { per_second, burst: per_second * 2.0, of: Mutex::default() }
    }

    /// Takes a request of `caller`; where there is no room, tells how long until there is.
    pub(crate) fn take(&self, caller: &str, now: u64) -> Result<(), Duration> {
        let mut buckets = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CALLERS_MAX && !buckets.contains_key(caller) {
            buckets.retain(|_, bucket| self.filled(*bucket, now) < self.burst);
        }
        let full = Bucket { level: self.burst, at: now };
        let bucket = buckets.entry(caller.to_owned()).or_insert(full);
        let level = self.filled(*bucket, now);
        *bucket = Bucket { level, at: now };
        if level < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - level) / self.per_second));
        }
        bucket.level = level - 1.0;
        Ok(())
    }

    fn filled(&self, bucket: Bucket, now: u64) -> f64 {
        let seconds = Duration::from_nanos(now.saturating_sub(bucket.at)).as_secs_f64();
        (bucket.level + seconds * self.per_second).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_burst_is_taken_and_then_the_steady_rate() {
        let buckets = Buckets::new(10);
        let taken = (0..100).filter(|_| buckets.take("a", 0).is_ok()).count();
        assert_eq!(taken, 20);
        let wait = buckets.take("a", 0).unwrap_err();
        assert_eq!(wait, Duration::from_millis(100));
        assert!(buckets.take("b", 0).is_ok(), "another caller has a bucket of its own");
        let later = (0..100).filter(|_| buckets.take("a", SECOND).is_ok()).count();
        assert_eq!(later, 10);
        assert_eq!((0..100).filter(|_| buckets.take("a", 100 * SECOND).is_ok()).count(), 20);
    }
}
