//! The pace of an open load: messages are due at fixed times, and late ones count as late from when they were due.

use std::time::Duration;

use crate::clock::{SystemClock, pause};
use crate::load::{self, Said};
use crate::seeded::Seeded;

/// When the messages of one of several writers are due.
pub(super) struct Pace {
    clock: SystemClock,
    writer: u64,
    writers: u64,
    rate: u64,
    until: Duration,
}

impl Pace {
    pub(super) fn new(
        clock: SystemClock,
        writer: u64,
        writers: u64,
        rate: u64,
        until: Duration,
    ) -> Self {
        Self { clock, writer, writers, rate, until }
    }

    /// Waits until message `nth` is due and tells when that was; nothing at the end.
    pub(super) fn wait(&self, nth: u64) -> Option<Duration> {
        let place = nth * self.writers + self.writer;
        let due = Duration::from_nanos(place.saturating_mul(1_000_000_000) / self.rate.max(1));
        let now = self.clock.elapsed();
        if due > self.until || now > self.until * 2 {
            return None;
        }
        if let Some(rest) = due.checked_sub(now) {
            pause(rest);
        }
        Some(due)
    }

    /// How late it is for what was due then.
    pub(super) fn late(&self, due: Duration) -> Duration {
        self.clock.elapsed().saturating_sub(due)
    }
}

/// `count` messages of a writer as lines.
pub(super) fn lines(phase: &str, run: u64, writer: u64, nth: u64, count: u64) -> String {
    let mut seeded = Seeded::new(&[run, writer, nth, count]);
    let mut lines = String::new();
    for k in 0..count {
        let words = 8 + seeded.below(25);
        Said {
            id: &format!("{phase}-{run}-{writer}-{nth}-{k}"),
            stream: &format!("s{}", seeded.below(20)),
            author: &format!("author{writer}"),
            at: 1_700_000_000 + nth,
            text: &load::text(&mut seeded, words),
        }
        .write(&mut lines);
    }
    lines
}
