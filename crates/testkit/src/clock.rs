//! A clock that tests own.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use lichen_model::{Clock, Timestamp};

/// Stands still until told to move; its monotonic time moves one microsecond with every look.
#[derive(Debug)]
pub struct FakeClock {
    now: AtomicI64,
    looks: AtomicU64,
}

impl FakeClock {
    /// A clock that shows `now`.
    pub const fn at(now: Timestamp) -> Self {
        Self { now: AtomicI64::new(now.millis()), looks: AtomicU64::new(0) }
    }

    /// Moves it on.
    pub fn advance(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn monotonic_nanos(&self) -> u64 {
        self.looks.fetch_add(1000, Ordering::SeqCst)
    }
}
