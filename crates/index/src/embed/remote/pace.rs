//! When to ask: limits per minute, and waiting longer after every failure.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use lichen_model::Clock;

const MINUTE_NANOS: u64 = 60_000_000_000;
/// The first wait after a failure; each further one is twice as long.
const BACK_OFF_MILLIS: u64 = 500;
const BACK_OFF_MILLIS_MAX: u64 = 60_000;
/// A service that tells to wait longer has failed.
const RETRY_AFTER_SECS_MAX: u64 = 300;

/// How to let time pass. Tests do not.
pub trait Sleep: Send + Sync {
    /// Returns after `millis` milliseconds.
    fn sleep(&self, millis: u64);
}

/// Lets time pass for the calling thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadSleep;

impl Sleep for ThreadSleep {
    fn sleep(&self, millis: u64) {
        // Nobody notifies: the wait ends when its time is over.
        let (never, over) = (Mutex::new(()), Condvar::new());
        let guard = never.lock().unwrap_or_else(PoisonError::into_inner);
        drop(over.wait_timeout_while(guard, Duration::from_millis(millis), |()| true));
    }
}

/// Spaces requests evenly, so that no minute has more than allowed.
pub(super) struct Pace {
    nanos_per_request: u64,
    nanos_per_token: u64,
    /// When the next request may start, by the clock's monotonic time.
    free_at: Mutex<u64>,
    clock: Arc<dyn Clock>,
    sleep: Arc<dyn Sleep>,
}

impl Pace {
    /// Limits per minute; 0 for none.
    pub(super) fn new(
        requests: u32,
        tokens: u32,
        clock: Arc<dyn Clock>,
        sleep: Arc<dyn Sleep>,
    ) -> Self {
        let share = |count: u32| MINUTE_NANOS.checked_div(u64::from(count)).unwrap_or(0);
        Self {
            nanos_per_request: share(requests),
            nanos_per_token: share(tokens),
            free_at: Mutex::new(0),
            clock,
            sleep,
        }
    }

    /// Waits until a request of so many tokens may start.
    pub(super) fn wait_for_turn(&self, tokens: usize) {
        let cost = self.nanos_per_request.max(self.nanos_per_token.saturating_mul(tokens as u64));
        if cost == 0 {
            return;
        }
        let now = self.clock.monotonic_nanos();
        let start = {
            let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
            let start = now.max(*free_at);
            *free_at = start.saturating_add(cost);
            start
        };
        if start > now {
            self.sleep.sleep((start - now).div_ceil(1_000_000));
        }
    }

    /// Waits after failure number `attempt` (from 0): as long as the service told, or twice as long each time, less up
    /// to half at random so that clients do not come back together. `false`, at once, for a wait not worth it.
    pub(super) fn back_off(&self, attempt: u32, told_secs: Option<u64>) -> bool {
        let millis = match told_secs {
            Some(secs) if secs > RETRY_AFTER_SECS_MAX => return false,
            Some(secs) => secs * 1000,
            None => {
                let whole =
                    BACK_OFF_MILLIS.saturating_mul(1 << attempt.min(16)).min(BACK_OFF_MILLIS_MAX);
                whole - scrambled(self.clock.monotonic_nanos() ^ u64::from(attempt)) % (whole / 2)
            }
        };
        self.sleep.sleep(millis);
        true
    }
}

/// A number that looks random (the finish of `MurmurHash3`).
fn scrambled(mut x: u64) -> u64 {
    x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}
