//! The clock of benchmarks: time that passes as it does, days that are always the same.

use std::time::Instant;

use lichen_engine::{Clock, Timestamp};

/// Counts from when it was made.
pub(crate) struct Wall(pub(crate) Instant);

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000_000)
    }

    fn monotonic_nanos(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
