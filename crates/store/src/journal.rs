//! The journal: the newest writes, on the disk before they are acknowledged, applied to the database behind them.
//!
//! Writers hand records in and wait. One of those who wait writes for all of them and syncs once (group commit; Gray and
//! Reuter, Transaction Processing, 1993, section 9.4.7). The database applies records in the order of their numbers, in
//! batches, and notes the number in the same transaction; segments are removed only once a checkpoint has carried
//! what they hold into the data file, so that they also stand in for DuckDB's own log, should that be damaged.
//!
//! **Invariant:** what was acknowledged is in the journal or in the data file, at every moment.
//! **Invariant:** a number is given once. After a failed write its numbers are never given again, so that a record of
//! which nobody knows whether it was written can never be mistaken for another.

mod frame;
mod frames;
mod group;
mod mark;
pub(crate) mod record;
mod scan;
mod segment;
mod state;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lichen_model::Batch;

use crate::error::{Doing, Error, Result};
pub(crate) use frames::Frames;
use mark::Mark;
use scan::{Damage, Kind, Scan};
use state::State;

/// The journal's folder in the store's.
const FOLDER: &str = "journal";
/// Where damaged bytes are kept, in the store's folder.
pub(crate) const DAMAGED: &str = "damaged";

/// What tells one journal from every other: part of all its checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(pub(crate) [u8; 16]);

impl Identity {
    fn random() -> io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

/// A step of writing or applying the journal, before or after which a crash must lose nothing. What is called at each is
/// set by [`Options::at_step`](crate::Options); tests and proofs end the process there, or let the step fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Before a group of records is written.
    Write,
    /// Behind that, before it is synced.
    Sync,
    /// Behind that, before it is acknowledged.
    Acknowledge,
    /// Before a new segment is made.
    Segment,
    /// In the transaction that applies records, before it is committed.
    Apply,
    /// Behind that, before the journal notes it.
    Mark,
    /// Before the database writes a checkpoint.
    Checkpoint,
    /// Behind that, before segments are removed.
    Forget,
    /// While an opening looks through what was left.
    Recover,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 9] = [
        Self::Write,
        Self::Sync,
        Self::Acknowledge,
        Self::Segment,
        Self::Apply,
        Self::Mark,
        Self::Checkpoint,
        Self::Forget,
        Self::Recover,
    ];

    /// Its word on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Acknowledge => "acknowledge",
            Self::Segment => "segment",
            Self::Apply => "apply",
            Self::Mark => "mark",
            Self::Checkpoint => "checkpoint",
            Self::Forget => "forget",
            Self::Recover => "recover",
        }
    }
}

/// What is called at each [`Step`]; an error is taken as the step's own.
pub type AtStep = Arc<dyn Fn(Step) -> io::Result<()> + Send + Sync>;

/// How a journal is kept.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Free bytes below which nothing is written.
    pub(crate) reserve_bytes: u64,
    /// Bytes of a segment after which the next one is begun.
    pub(crate) segment_bytes: u64,
    /// Bytes that may wait to be applied and checkpointed; above that writers are told to come again.
    pub(crate) backlog_bytes_max: u64,
    pub(crate) at_step: AtStep,
}

/// Records that wait in memory for the write before theirs: more are refused.
const PENDING_BYTES_MAX: usize = 32 << 20;

/// The writing side of the journal, for any number of threads.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

struct Shared {
    /// The store's folder.
    store: PathBuf,
    dir: PathBuf,
    settings: Settings,
    state: Mutex<State>,
    /// A group was written, or could not be.
    written: Condvar,
    mark: Mutex<Mark>,
}

/// A journal as it was found.
pub(crate) struct Opened {
    pub(crate) journal: Journal,
    /// What was not as it should be, and what was done about it.
    pub(crate) repairs: Vec<String>,
    /// How far the database had applied it, as the journal remembers.
    pub(crate) marked: u64,
}

impl Journal {
    /// Opens the journal of the store in `dir`. `known` is the identity and the number that the database remembers.
    /// Bytes that are not whole are copied aside and told.
    pub(crate) fn open(
        store: &Path,
        known: Option<(Identity, u64)>,
        settings: Settings,
    ) -> Result<Opened> {
        let doing = "read the journal";
        let dir = store.join(FOLDER);
        (settings.at_step)(Step::Recover).doing(doing)?;
        let mark = Mark::new(&dir);
        let marked = mark.read();
        let applied = known.map_or(0, |(_, applied)| applied);
        let identity = known.map(|(identity, _)| identity).or(marked.map(|marked| marked.identity));
        let scan = scan::scan(&dir, identity, applied).doing(doing)?;
        let mut repairs = Vec::new();
        for damage in &scan.damages {
            repairs.push(keep_aside(store, damage).doing("keep damaged bytes of the journal")?);
        }
        repairs.extend(scan.lost.iter().map(lost));
        let marked = marked
            .filter(|marked| Some(marked.identity) == scan.identity)
            .map_or(0, |marked| marked.applied);
        // Records that were in the database once, and are neither there nor here any more.
        if marked > scan.last {
            repairs.push(lost(&(scan.last + 1, marked)));
        }
        let identity = match scan.identity {
            Some(identity) => identity,
            None => Identity::random().doing("begin a journal")?,
        };
        let Scan { segments, last, .. } = scan;
        let state = State::new(identity, last.max(marked), segments);
        let shared = Shared {
            store: store.to_owned(),
            dir,
            settings,
            state: Mutex::new(state),
            written: Condvar::new(),
            mark: Mutex::new(mark),
        };
        Ok(Opened { journal: Self { shared: Arc::new(shared) }, repairs, marked })
    }

    /// Writes the messages of a batch and waits until they are on the disk. Gives the record's number: the batch is in
    /// the database once [`Self::applied`] has reached it.
    ///
    /// # Errors
    /// [`Error::Backlog`] where more waits than may, [`Error::DiskFull`], and [`Error::Unknown`] where the disk failed so
    /// that nobody knows whether the batch was written: hand it in again, it is recognised by its ids.
    pub fn append(&self, batch: &Batch) -> Result<u64> {
        let payload = record::encode(batch)?;
        if payload.len() > frame::PAYLOAD_MAX {
            return Err(Error::RecordTooLarge { bytes: payload.len(), limit: frame::PAYLOAD_MAX });
        }
        let mut state = self.lock();
        self.check_room(&state, payload.len())?;
        let (seq, group) = state.enqueue(&payload);
        loop {
            if let Some(outcome) = group.outcome() {
                return outcome.map(|()| seq);
            }
            if state.is_writing() {
                state = self.shared.written.wait(state).unwrap_or_else(PoisonError::into_inner);
            } else {
                state = self.write_pending(state);
            }
        }
    }

    fn check_room(&self, state: &State, bytes: usize) -> Result<()> {
        let limit = self.shared.settings.backlog_bytes_max;
        let backlog = state.backlog_bytes();
        if backlog > limit || state.pending_bytes() + bytes > PENDING_BYTES_MAX.max(bytes) {
            return Err(Error::Backlog { bytes: backlog, limit });
        }
        Ok(())
    }

    /// Writes what waits, for all who wait for it.
    fn write_pending<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let Some(mut writing) = state.begin() else { return state };
        drop(state);
        let written = writing.write(&self.shared.dir, &self.shared.store, &self.shared.settings);
        let mut state = self.lock();
        state.end(writing, written);
        self.shared.written.notify_all();
        state
    }

    /// The number of the last record that is on the disk.
    pub fn durable(&self) -> u64 {
        self.lock().durable()
    }

    /// The number of the last record that is in the database.
    pub fn applied(&self) -> u64 {
        self.lock().applied()
    }

    /// Bytes of segments on the disk.
    pub fn bytes(&self) -> u64 {
        self.lock().backlog_bytes()
    }

    /// Waits until a record behind `seq` is on the disk, `time` at most, or until [`Self::wake`]. Gives the number of the
    /// last one.
    pub fn wait_beyond(&self, seq: u64, time: Duration) -> u64 {
        let mut state = self.lock();
        if state.durable() <= seq {
            let (waited, _timed_out) = self
                .shared
                .written
                .wait_timeout(state, time)
                .unwrap_or_else(PoisonError::into_inner);
            state = waited;
        }
        state.durable()
    }

    /// Wakes those in [`Self::wait_beyond`]: there is something else to do.
    pub fn wake(&self) {
        // Under the lock: whoever is about to wait is not missed.
        let _state = self.lock();
        self.shared.written.notify_all();
    }

    /// The records behind `after` that are on the disk, in order.
    pub(crate) fn frames(&self, after: u64) -> Frames {
        Frames::new(self.clone(), after)
    }

    /// Notes that the database holds everything up to `seq`.
    pub(crate) fn applied_to(&self, seq: u64) {
        let identity = {
            let mut state = self.lock();
            state.applied_to(seq);
            state.identity()
        };
        // A journal that never held anything has nothing to remember.
        if !self.shared.dir.exists() {
            return;
        }
        let mut mark = self.shared.mark.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = mark.write(identity, seq) {
            tracing::warn!(%error, "could not note how far the journal was applied");
        }
    }

    /// Removes the segments of which a checkpoint has carried everything, up to `seq`, into the data file.
    pub(crate) fn forget(&self, seq: u64) -> Result<()> {
        let doing = "remove applied parts of the journal";
        (self.shared.settings.at_step)(Step::Forget).doing(doing)?;
        let gone = self.lock().forget(seq);
        for segment in &gone {
            fs_err::remove_file(&segment.path).doing(doing)?;
        }
        if gone.is_empty() { Ok(()) } else { segment::sync_dir(&self.shared.dir).doing(doing) }
    }

    /// The journal's identity, and the text under which the database remembers how far it applied it.
    pub(crate) fn position(&self, seq: u64) -> String {
        let identity = u128::from_be_bytes(self.lock().identity().0);
        format!("{identity:032x} {seq}")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What [`Journal::position`] wrote.
pub(crate) fn parse_position(text: &str) -> Option<(Identity, u64)> {
    let (identity, seq) = text.split_once(' ')?;
    let identity = u128::from_str_radix(identity, 16).ok()?;
    Some((Identity(identity.to_be_bytes()), seq.parse().ok()?))
}

/// Copies damaged bytes aside and says so.
fn keep_aside(store: &Path, damage: &Damage) -> io::Result<String> {
    let folder = store.join(DAMAGED);
    fs_err::create_dir_all(&folder)?;
    let name = damage.path.file_stem().unwrap_or_default().to_string_lossy();
    let kept = folder.join(format!("journal-{name}-{}", damage.bytes.start));
    let bytes = fs_err::read(&damage.path)?;
    let range = usize::try_from(damage.bytes.start).unwrap_or(usize::MAX)
        ..usize::try_from(damage.bytes.end).unwrap_or(usize::MAX);
    fs_err::write(&kept, bytes.get(range).unwrap_or_default())?;
    fs_err::File::open(&kept)?.sync_all()?;
    segment::sync_dir(&folder)?;
    let len = damage.bytes.end - damage.bytes.start;
    let what = match damage.kind {
        Kind::Tail => "at its end are no whole record, as a crash leaves them: they were cut off",
        Kind::Middle => "between whole records are damaged: the records around them were taken in",
        Kind::Foreign => "belong to another store: they were not taken in",
    };
    Ok(format!(
        "journal: {len} bytes from byte {} of `{name}` {what}; kept as `{}`",
        damage.bytes.start,
        kept.display()
    ))
}

fn lost((from, to): &(u64, u64)) -> String {
    format!(
        "journal: up to {} acknowledged records are nowhere in it (numbers {from} to {to}): what their senders still have \
         can be sent again",
        to - from + 1
    )
}

#[cfg(test)]
mod tests;
