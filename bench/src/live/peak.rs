//! The peak load: batches as fast as they are acknowledged.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, anyhow};
use lichen_engine::{Error, Live};
use lichen_model::Batch;
use serde::Serialize;

use super::Arguments;
use super::pace::lines;
use crate::clock::{SystemClock, pause};
use crate::load::Feed;

/// What the peak load came to.
#[derive(Serialize)]
pub(super) struct Peak {
    /// Messages acknowledged a second, from lines on.
    pub(super) per_second: f64,
    /// The same where the batches were made before.
    pub(super) parsed_per_second: f64,
    /// Batches that were refused because the store was behind; they are sent again.
    pub(super) refused: u64,
    /// Seconds until everything could be found, from the end of the load on.
    pub(super) behind_seconds: f64,
}

pub(super) fn run(arguments: &Arguments, live: &Live, feed: &Feed, run: u64) -> Result<Peak> {
    let from_lines = phase(arguments, live, &|writer, nth| {
        feed.batch(&lines("peak", run, writer, nth, arguments.peak_batch)).map(Some)
    })?;
    // As many as there were, made before: it is over when they are.
    let made: Vec<Vec<Batch>> = (0..arguments.writers)
        .map(|writer| {
            let batch = |nth| {
                let lines = lines("made", run, writer, nth, arguments.peak_batch);
                feed.batch(&lines)
            };
            (0..u64::try_from(from_lines.batches)?.div_ceil(arguments.writers)).map(batch).collect()
        })
        .collect::<Result<_>>()?;
    let parsed = phase(arguments, live, &|writer, nth| {
        Ok(made[usize::try_from(writer)?].get(usize::try_from(nth)?).cloned())
    })?;
    Ok(Peak {
        per_second: from_lines.per_second,
        parsed_per_second: parsed.per_second,
        refused: from_lines.refused + parsed.refused,
        behind_seconds: from_lines.behind_seconds,
    })
}

#[derive(Default)]
struct Phase {
    batches: usize,
    per_second: f64,
    refused: u64,
    behind_seconds: f64,
}

/// Until the time is over, or a writer has no more batches: all stop then, so that the rate is that of all of them.
fn phase(
    arguments: &Arguments,
    live: &Live,
    batch: &(dyn Fn(u64, u64) -> Result<Option<Batch>> + Sync),
) -> Result<Phase> {
    let clock = SystemClock::new();
    let end = Duration::from_secs(arguments.peak_seconds);
    let over = AtomicBool::new(false);
    let over = &over;
    let mut all = Phase::default();
    let mut last = 0;
    std::thread::scope(|scope| -> Result<()> {
        let writers: Vec<_> = (0..arguments.writers)
            .map(|writer| {
                scope.spawn(move || -> Result<(usize, u64, u64)> {
                    let (mut batches, mut refused, mut last) = (0, 0, 0);
                    for nth in 0.. {
                        if clock.elapsed() > end || over.load(Ordering::Relaxed) {
                            break;
                        }
                        let Some(batch) = batch(writer, nth)? else {
                            over.store(true, Ordering::Relaxed);
                            break;
                        };
                        loop {
                            match live.append(batch.clone()) {
                                Ok(acknowledged) => last = acknowledged.seq,
                                Err(Error::Store(error)) if error.is_busy() => {
                                    refused += 1;
                                    pause(Duration::from_millis(1));
                                    continue;
                                }
                                Err(error) => return Err(error.into()),
                            }
                            break;
                        }
                        batches += 1;
                    }
                    Ok((batches, refused, last))
                })
            })
            .collect();
        for writer in writers {
            let (batches, refused, seq) =
                writer.join().map_err(|_| anyhow!("a writer panicked"))??;
            all.batches += batches;
            all.refused += refused;
            last = last.max(seq);
        }
        Ok(())
    })?;
    let seconds = clock.elapsed().as_secs_f64();
    let messages = all.batches as f64 * arguments.peak_batch as f64;
    live.wait_searchable(last, Duration::from_mins(10));
    all.behind_seconds = clock.elapsed().as_secs_f64() - seconds;
    all.per_second = messages / seconds;
    Ok(all)
}
