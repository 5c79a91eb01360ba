//! Points in time and where they come from.

/// Milliseconds since 1970-01-01 UTC; negative before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// A point in time from whole seconds since 1970-01-01 UTC; saturates at the ends of the range.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub const fn millis(self) -> i64 {
        self.0
    }
}

/// A point in time with the offset of the wall clock it was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zoned {
    /// The point in time.
    pub at: Timestamp,
    /// Minutes east of UTC.
    pub offset_minutes: i16,
}

/// Where the present comes from. Nothing below the engine reads the system's clock, so that tests own time.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;
    /// Nanoseconds since some fixed point, never going back: for measuring durations.
    fn monotonic_nanos(&self) -> u64;
}
