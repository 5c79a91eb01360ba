//! Time: the one place that reads the system's clock, and that waits for it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lichen_model::{Clock, Timestamp};

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock {
    started: Instant,
}

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
    pub(crate) fn new() -> Self {
        Self { started: Instant::now() }
    }

    /// Since it was made.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic_nanos(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Lets time pass: a load has a pace, and a kill has a moment.
#[expect(clippy::disallowed_methods, reason = "there is nothing to wait for but the time")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}
