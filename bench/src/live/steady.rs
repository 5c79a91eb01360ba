//! The steady load: single messages at a fixed rate beside questions, checkpoints and seals.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, anyhow};
use lichen_engine::{Live, Recall};
use serde::Serialize;

use super::Arguments;
use super::pace::{Pace, lines};
use crate::clock::{SystemClock, pause};
use crate::latency::{Latencies, Spread};
use crate::load::{self, Feed};
use crate::memory;
use crate::seeded::Seeded;

/// What the steady load came to.
#[derive(Serialize)]
pub(super) struct Steady {
    pub(super) acknowledged: Spread,
    pub(super) searchable: Spread,
    pub(super) recall: Spread,
    /// Messages acknowledged a second.
    pub(super) per_second: f64,
    pub(super) refused: u64,
    pub(super) resident_early_mib: f64,
    pub(super) resident_end_mib: f64,
    pub(super) resident_max_mib: f64,
    /// Each second's.
    pub(super) resident_mib: Vec<f64>,
}

/// What the threads share.
struct Load<'a> {
    arguments: &'a Arguments,
    live: &'a Live,
    feed: &'a Feed,
    run: u64,
    clock: SystemClock,
    /// Numbers of records that are not known to be found yet, and when they were due.
    waiting: Mutex<BinaryHeap<Reverse<(u64, Duration)>>>,
    refused: AtomicU64,
    written: AtomicBool,
}

pub(super) fn run(arguments: &Arguments, live: &Live, feed: &Feed, run: u64) -> Result<Steady> {
    let load = Load {
        arguments,
        live,
        feed,
        run,
        clock: SystemClock::new(),
        waiting: Mutex::default(),
        refused: AtomicU64::new(0),
        written: AtomicBool::new(false),
    };
    std::thread::scope(|scope| {
        let searchable = scope.spawn(|| load.watch());
        let recall = scope.spawn(|| load.ask());
        let memory = scope.spawn(|| load.weigh());
        let writers: Vec<_> = (0..arguments.writers)
            .map(|writer| (writer, &load))
            .map(|(writer, load)| scope.spawn(move || load.write(writer)))
            .collect();
        let mut acknowledged = Latencies::default();
        let mut failed = None;
        for writer in writers {
            match writer.join().map_err(|_| anyhow!("a writer panicked")).flatten() {
                Ok(latencies) => acknowledged.join(&latencies),
                Err(error) => failed = Some(error),
            }
        }
        let seconds = load.clock.elapsed().as_secs_f64();
        load.written.store(true, Ordering::SeqCst);
        let panicked = || anyhow!("a thread of the load panicked");
        let searchable = searchable.join().map_err(|_| panicked())?;
        let recall = recall.join().map_err(|_| panicked())??;
        let resident_mib = memory.join().map_err(|_| panicked())?;
        if let Some(error) = failed {
            return Err(error);
        }
        let acknowledged = acknowledged.spread();
        let early = resident_mib.len() / 6;
        Ok(Steady {
            per_second: acknowledged.count as f64 / seconds,
            acknowledged,
            searchable: searchable.spread(),
            recall: recall.spread(),
            refused: load.refused.load(Ordering::SeqCst),
            resident_early_mib: resident_mib.get(early).copied().unwrap_or_default(),
            resident_end_mib: resident_mib.last().copied().unwrap_or_default(),
            resident_max_mib: resident_mib.iter().copied().fold(0.0, f64::max),
            resident_mib,
        })
    })
}

impl Load<'_> {
    fn end(&self) -> Duration {
        Duration::from_secs(self.arguments.seconds)
    }

    fn write(&self, writer: u64) -> Result<Latencies> {
        let Arguments { writers, rate, .. } = *self.arguments;
        let pace = Pace::new(self.clock, writer, writers, rate, self.end());
        let mut latencies = Latencies::default();
        for nth in 0.. {
            let Some(due) = pace.wait(nth) else { break };
            let batch = self.feed.batch(&lines("steady", self.run, writer, nth, 1))?;
            match self.live.append(batch) {
                Ok(acknowledged) => {
                    latencies.add(pace.late(due));
                    let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    waiting.push(Reverse((acknowledged.seq, due)));
                }
                Err(_) => {
                    self.refused.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
        Ok(latencies)
    }

    /// Notes when messages can be found, until all of them can.
    fn watch(&self) -> Latencies {
        let mut latencies = Latencies::default();
        loop {
            let first = {
                let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.peek().map(|Reverse((seq, _))| *seq)
            };
            let Some(first) = first else {
                if self.written.load(Ordering::SeqCst) {
                    return latencies;
                }
                pause(Duration::from_millis(1));
                continue;
            };
            self.live.wait_searchable(first, Duration::from_millis(100));
            let searchable = self.live.status().searchable;
            let now = self.clock.elapsed();
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            while waiting.peek().is_some_and(|Reverse((seq, _))| *seq <= searchable) {
                let Some(Reverse((_, due))) = waiting.pop() else { break };
                latencies.add(now.saturating_sub(due));
            }
        }
    }

    fn ask(&self) -> Result<Latencies> {
        let pace = Pace::new(self.clock, 0, 1, self.arguments.recalls, self.end());
        let mut seeded = Seeded::new(&[self.run, 9]);
        let mut latencies = Latencies::default();
        for nth in 0.. {
            let Some(due) = pace.wait(nth) else { break };
            let recall =
                Recall { query: load::text(&mut seeded, 4), limit: 10, ..Recall::default() };
            self.live.read(|reader| reader.recall(&recall))?;
            latencies.add(pace.late(due));
        }
        Ok(latencies)
    }

    fn weigh(&self) -> Vec<f64> {
        let mut all = Vec::new();
        while !self.written.load(Ordering::SeqCst) {
            all.push(memory::resident_mib());
            pause(Duration::from_secs(1));
        }
        all
    }
}
