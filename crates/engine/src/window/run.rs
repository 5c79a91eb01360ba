//! Runs: a consumer claims the next window of a stream, and finishes, fails or splits it.

mod ledger;
mod split;

use lichen_model::{
    AnyId, Batch, Extent, Kind, Outcome, Run, RunEvent, RunId, Stream, StreamId, StreamLimits,
    Timestamp,
};
use lichen_store::{MessageView, RunView};

use super::{Window, WindowSpec};
use crate::{Engine, Error, Reader};
use ledger::{Ledger, Offer};

/// Which window a consumer wants next.
#[derive(Clone, Debug, PartialEq)]
pub struct NextWindow {
    /// Who processes: a name of its own choosing.
    pub consumer: String,
    /// What it processes with, such as a prompt's version: each window is processed once under each. May be empty.
    pub signature: String,
    /// The stream; `None` for all, in the order of [`Reader::streams`].
    pub stream: Option<StreamId>,
    /// How windows are cut.
    pub spec: WindowSpec,
    /// How long nobody else may claim the window, in milliseconds: at least 1.
    pub lease_millis: u64,
    /// The last window of a stream may still grow. It is offered once the stream's last message is as old as this, in
    /// milliseconds; `None` for never.
    pub idle_millis: Option<u64>,
    /// A window that was claimed so many times is not offered again; `None` for without limit.
    pub attempts_max: Option<u32>,
}

/// A window that was claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// The claim.
    pub run: Run,
    /// The stream.
    pub stream: Stream,
    /// The window's messages, in order.
    pub messages: Vec<MessageView>,
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Its lease runs.
    Claimed,
    /// Its lease ended before it did: the window is offered again.
    Expired,
    /// The window is processed.
    Done,
    /// It is not, for the reason given.
    Failed(String),
    /// It was split in so many.
    Split(usize),
}

/// A run as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInfo {
    /// The run.
    pub run: Run,
    /// What became of it.
    pub state: RunState,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl Engine {
    /// Claims the next window for a consumer; `None` where there is nothing to do. Windows that were never tried come
    /// first, in their order, then those that failed or expired, those with the fewest attempts first. A window whose
    /// messages changed since it was processed, because late ones came or others were replaced, is another window.
    pub fn next_window(&mut self, next: &NextWindow) -> Result<Option<Claimed>, Error> {
        self.next_window_in(next, None)
    }

    /// As [`Self::next_window`], of some streams only.
    pub fn next_window_in(
        &mut self,
        next: &NextWindow,
        limits: Option<&StreamLimits>,
    ) -> Result<Option<Claimed>, Error> {
        check(next)?;
        let now = self.reader.clock.now();
        let runs = self.store.read().runs(Some(&next.consumer), Some(&next.signature))?;
        let ledger = Ledger::new(runs, now);
        let streams = if let Some(id) = next.stream {
            vec![id]
        } else {
            let mut streams = self.store.read().streams()?;
            streams.retain(|stream| limits.is_none_or(|limits| limits.allow(&stream.name)));
            streams.into_iter().map(|stream| stream.id).collect()
        };
        let mut best: Option<Offer> = None;
        for stream in streams {
            let windows = self.closed_windows(stream, next, now)?;
            for extent in windows.into_iter().map(|window| window.extent) {
                let offer = ledger.offer(extent, next.attempts_max);
                best = match (best, offer) {
                    (Some(best), Some(offer)) if offer.attempts < best.attempts => Some(offer),
                    (best, offer) => best.or(offer),
                };
                if best.as_ref().is_some_and(|best| best.attempts == 0) {
                    break;
                }
            }
            if best.as_ref().is_some_and(|best| best.attempts == 0) {
                break;
            }
        }
        best.map(|offer| self.claim(next, offer, now)).transpose()
    }

    /// The windows of a stream that will not grow any more.
    fn closed_windows(
        &self,
        stream: StreamId,
        next: &NextWindow,
        now: Timestamp,
    ) -> Result<Vec<Window>, Error> {
        let mut windows = self.reader.windows(stream, &next.spec)?;
        let silent = |idle: u64| -> Result<bool, Error> {
            let end = self.store.read().stream_end(stream)?;
            let age = end.map_or(0, |(_, last)| now.millis().saturating_sub(last.millis()));
            Ok(u64::try_from(age).is_ok_and(|age| age >= idle))
        };
        // Nothing joins a message that is larger than a window.
        let open = windows.last().is_some_and(|window| window.part.is_none());
        if open && !next.idle_millis.map_or(Ok(false), silent)? {
            windows.pop();
        }
        Ok(windows)
    }

    fn claim(&mut self, next: &NextWindow, offer: Offer, now: Timestamp) -> Result<Claimed, Error> {
        let (consumer, signature) = (next.consumer.clone(), next.signature.clone());
        let attempt = offer.attempts + 1;
        let lease = i64::try_from(next.lease_millis).unwrap_or(i64::MAX);
        let run = Run {
            id: Run::id(&consumer, &signature, offer.extent.id(), attempt, now),
            consumer,
            signature,
            extent: offer.extent,
            attempt,
            claimed: now,
            lease: Timestamp(now.millis().saturating_add(lease)),
        };
        self.append_run(RunEvent::Claimed(run.clone()))?;
        let messages = self.reader.messages_of(&run.extent)?;
        let stream = self.stream_of(run.extent.stream)?;
        Ok(Claimed { run, stream, messages })
    }

    fn stream_of(&self, id: StreamId) -> Result<Stream, Error> {
        let streams = self.store.read().streams()?;
        let found = streams.into_iter().find(|stream| stream.id == id);
        found.ok_or_else(|| Error::UnknownId { id: id.any().to_string() })
    }

    /// Says that a run processed its window. Saying it again changes nothing.
    ///
    /// # Errors
    /// A run that ended otherwise, or whose claim expired and whose window another run has.
    pub fn finish_run(&mut self, run: RunId) -> Result<RunInfo, Error> {
        self.end_run(run, Outcome::Done)
    }

    /// Says that a run did not process its window, and why: it is offered again. Saying it again changes nothing.
    ///
    /// # Errors
    /// As [`Self::finish_run`].
    pub fn fail_run(&mut self, run: RunId, reason: &str) -> Result<RunInfo, Error> {
        self.end_run(run, Outcome::Failed { reason: reason.to_owned() })
    }

    /// Splits the window of a run, which proved too large, in `count` about equal ones: between messages, or where it is
    /// one message or a part of one, within its text. They are offered to the consumer in its place.
    ///
    /// # Errors
    /// As [`Self::finish_run`], and a window that cannot be split in so many.
    pub fn split_run(&mut self, run: RunId, count: usize) -> Result<RunInfo, Error> {
        let view = self.reader.run_view(run)?;
        if let Some((_, Outcome::Split { .. })) = view.end {
            return Ok(info(view, self.reader.clock.now()));
        }
        let parts = self.reader.parts_of(&view.run.extent, count)?;
        self.end_run(run, Outcome::Split { parts })
    }

    fn end_run(&mut self, id: RunId, outcome: Outcome) -> Result<RunInfo, Error> {
        let now = self.reader.clock.now();
        let view = self.reader.run_view(id)?;
        let asked = ended_word(&outcome);
        if let Some((_, ended)) = &view.end {
            if ended_word(ended) == asked {
                return Ok(info(view, now));
            }
            return Err(Error::RunEnded { run: id.any().to_string(), how: ended_word(ended) });
        }
        let window = AnyId::full(Kind::Window, view.run.extent.id().0);
        let later = self.store.read().runs_of_window(window)?.into_iter().find(|later| {
            later.run.consumer == view.run.consumer
                && later.run.signature == view.run.signature
                && later.run.attempt > view.run.attempt
        });
        if let Some(later) = later {
            return Err(Error::RunTaken {
                run: id.any().to_string(),
                by: later.run.id.any().to_string(),
            });
        }
        self.append_run(RunEvent::Ended { run: id, at: now, outcome })?;
        Ok(info(self.reader.run_view(id)?, now))
    }

    /// Notes what befell a run, so that neither a crash nor a damage of the database's log can make it forgotten.
    fn append_run(&mut self, event: RunEvent) -> Result<(), Error> {
        let id = match &event {
            RunEvent::Claimed(run) => run.id,
            RunEvent::Ended { run, .. } => *run,
        };
        let ends = matches!(event, RunEvent::Ended { .. });
        let journal = self.store.journal();
        let seq = journal.append(&Batch { runs: vec![event], ..Batch::default() })?;
        let mut problems = Vec::new();
        while journal.applied() < seq {
            let Some(applied) = self.store.apply_journal()? else { break };
            problems.extend(applied.receipt.problems);
        }
        match self.store.read().run(id)? {
            Some(view) if !ends || view.end.is_some() => Ok(()),
            _ => Err(Error::Question {
                what: problems
                    .into_iter()
                    .map(|problem| problem.what)
                    .collect::<Vec<_>>()
                    .join("; "),
            }),
        }
    }
}

impl Reader {
    fn run_view(&self, id: RunId) -> Result<RunView, Error> {
        let found = self.store.run(id)?;
        found.ok_or_else(|| Error::UnknownRun { run: id.any().to_string() })
    }

    /// The run that `asked` names, by its id or the short form of it.
    pub fn run_named(&self, asked: &str) -> Result<RunId, Error> {
        let unknown = || Error::UnknownRun { run: asked.to_owned() };
        let id = asked.parse::<AnyId>().map_err(|_| unknown())?;
        if id.kind != Kind::Run {
            return Err(unknown());
        }
        match self.resolve(id)?.as_slice() {
            [] => Err(unknown()),
            [id] => Ok(RunId(id.id)),
            several => Err(Error::AmbiguousId {
                id: asked.to_owned(),
                candidates: several.iter().map(ToString::to_string).collect(),
            }),
        }
    }

    /// Where the window lies that a run or a window's id names, of those that were claimed.
    pub fn claimed_extent(&self, asked: AnyId) -> Result<Extent, Error> {
        let unknown = || Error::UnknownId { id: asked.to_string() };
        let store = &self.store;
        let id = match self.resolve(asked)?.as_slice() {
            [] => return Err(unknown()),
            [id] => *id,
            several => {
                return Err(Error::AmbiguousId {
                    id: asked.to_string(),
                    candidates: several.iter().map(ToString::to_string).collect(),
                });
            }
        };
        let view = match id.kind {
            Kind::Run => store.run(RunId(id.id))?,
            Kind::Window => store.runs_of_window(id)?.pop(),
            _ => None,
        };
        Ok(view.ok_or_else(unknown)?.run.extent)
    }

    /// What the window of a run was split in; nothing where it was not.
    pub fn parts_of_run(&self, run: RunId) -> Result<Vec<Extent>, Error> {
        Ok(match self.run_view(run)?.end {
            Some((_, Outcome::Split { parts })) => parts,
            _ => Vec::new(),
        })
    }

    /// The runs of a consumer, or of all, in the order of their claims.
    ///
    /// # Errors
    /// A consumer that never claimed a window.
    pub fn runs(&self, consumer: Option<&str>) -> Result<Vec<RunInfo>, Error> {
        let now = self.clock.now();
        let mut runs = self.store.runs(consumer, None)?;
        if let Some(streams) = self.sight()? {
            runs.retain(|view| streams.contains(&view.run.extent.stream));
        }
        match consumer {
            Some(consumer) if runs.is_empty() => {
                Err(Error::UnknownConsumer { consumer: consumer.to_owned() })
            }
            _ => Ok(runs.into_iter().map(|view| info(view, now)).collect()),
        }
    }
}

/// What is wrong with a wish.
fn check(next: &NextWindow) -> Result<(), Error> {
    let wrong = |what: &str| Err(Error::Question { what: what.to_owned() });
    if next.consumer.trim().is_empty() || next.consumer.trim() != next.consumer {
        return wrong("a consumer has a name without spaces around it");
    }
    if next.lease_millis == 0 {
        return wrong("a lease is at least a millisecond");
    }
    Ok(())
}

fn info(view: RunView, now: Timestamp) -> RunInfo {
    let ended = view.end.as_ref().map(|(at, _)| *at);
    let state = match view.end {
        None if view.run.lease > now => RunState::Claimed,
        None => RunState::Expired,
        Some((_, Outcome::Done)) => RunState::Done,
        Some((_, Outcome::Failed { reason })) => RunState::Failed(reason),
        Some((_, Outcome::Split { parts })) => RunState::Split(parts.len()),
    };
    RunInfo { run: view.run, state, ended }
}

const fn ended_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "was done",
        Outcome::Failed { .. } => "failed",
        Outcome::Split { .. } => "was split",
    }
}
