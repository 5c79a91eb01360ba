//! The way of a feed's batches into the engine: what cannot be taken at the moment is tried again until it can.

use std::sync::Arc;
use std::time::Duration;

use lichen_engine::{Acknowledged, Live, Reader};
use lichen_model::Batch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::pause::Pause;
use super::report::{Report, Taken};
use super::stop::Stop;
use crate::Result;

/// The first and the longest wait for a store that is behind, or whose disk is full.
const WAIT: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How long a feed that begins waits for what others have handed in before.
const SETTLED: Duration = Duration::from_secs(10);

/// Hands batches to a live engine, for any number of feeds.
#[derive(Clone)]
pub struct Feeder {
    live: Arc<Live>,
    report: Arc<dyn Report>,
    stop: Stop,
}

impl Feeder {
    /// For feeds of `live` that end with `stop`.
    pub fn new(live: Arc<Live>, report: Arc<dyn Report>, stop: Stop) -> Self {
        Self { live, report, stop }
    }

    /// When feeds are to end.
    pub const fn stop(&self) -> &Stop {
        &self.stop
    }

    pub(super) fn report(&self) -> &dyn Report {
        &*self.report
    }

    /// Appends a batch once, on a thread that may wait for the disk.
    pub(super) async fn try_append(&self, batch: Batch) -> Result<Acknowledged> {
        let live = Arc::clone(&self.live);
        Ok(blocking(move || live.append(batch)).await?)
    }

    /// Appends a batch, however long it has to wait for room. `None` where feeds were to end first: then nothing
    /// was taken, and no position moved.
    pub(super) async fn append(
        &self,
        feed: &str,
        mut batch: Batch,
    ) -> Result<Option<Acknowledged>> {
        let problems = std::mem::take(&mut batch.problems);
        let taken = if batch.is_empty() {
            None
        } else {
            let Some(taken) = self.append_patiently(feed, batch).await? else { return Ok(None) };
            Some(taken)
        };
        for problem in &problems {
            self.report.problem(problem);
        }
        let acknowledged = taken.unwrap_or(Acknowledged { seq: 0, messages: 0 });
        if acknowledged.messages > 0 {
            let messages = acknowledged.messages;
            self.report.taken(&Taken { feed: feed.to_owned(), messages, ..Taken::default() });
        }
        Ok(Some(acknowledged))
    }

    async fn append_patiently(&self, feed: &str, batch: Batch) -> Result<Option<Acknowledged>> {
        let mut pause = Pause::new(WAIT.0, WAIT.1, feed.len() as u64);
        let mut waited = false;
        loop {
            // A copy: the batch is still needed where it is refused.
            match self.try_append(batch.clone()).await {
                Ok(acknowledged) => {
                    if waited {
                        self.report.note(&format!("{feed}: goes on"));
                    }
                    return Ok(Some(acknowledged));
                }
                Err(crate::Error::Engine(error)) if error.may_pass() => {
                    if !waited {
                        self.report.note(&format!("{feed}: waits: {error}"));
                        waited = true;
                    }
                }
                Err(error) => return Err(error),
            }
            if self.pause(pause.next()).await {
                return Ok(None);
            }
        }
    }

    /// Waits; tells whether feeds are to end.
    pub(super) async fn pause(&self, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stop.stopped() => true,
            () = sleep(time) => false,
        }
    }

    /// How far a feed was read, once everything that was acknowledged is in the store.
    pub(super) async fn position(&self, source: &str) -> Result<Option<String>> {
        let live = Arc::clone(&self.live);
        let source = source.to_owned();
        let read = move || {
            live.wait_searchable(live.status().durable, SETTLED);
            live.on_engine(move |engine| engine.read().progress(&source))
        };
        Ok(blocking(read).await??)
    }

    /// Reads, on a thread that may wait.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnMut(&Reader) -> Result<T, lichen_engine::Error> + Send + 'static,
    ) -> Result<T> {
        let live = Arc::clone(&self.live);
        Ok(blocking(move || live.read(read)).await?)
    }

    /// Does what only the engine can.
    pub(super) async fn on_engine<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut lichen_engine::Engine) -> T + Send + 'static,
    ) -> Result<T> {
        let live = Arc::clone(&self.live);
        Ok(blocking(move || live.on_engine(work)).await?)
    }

    pub(super) fn live(&self) -> &Live {
        &self.live
    }
}

/// Runs what may wait on a thread for it.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => unreachable!("a blocking task that began is never cancelled"),
        },
    }
}
