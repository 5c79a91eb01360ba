//! What the journal knows of itself: numbers, segments, and the records that wait to be written.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use super::frame::{HEADER, Header};
use super::group::{Failure, Group};
use super::segment::{self, Segment, Tail};
use super::{Identity, Settings, Step};
use crate::disk;

/// Behind the journal's lock. Nothing here waits for a disk.
pub(super) struct State {
    identity: Identity,
    /// The next number.
    next: u64,
    /// The number of the last record on the disk.
    durable: u64,
    /// The number up to which the database holds everything.
    applied: u64,
    pending: Pending,
    /// Whether somebody writes.
    writing: bool,
    /// Segments that are not written to any more, oldest first.
    closed: VecDeque<Segment>,
    /// The one that is; not here while somebody writes.
    tail: Option<Tail>,
    /// What the one that is written to was when it was last whole.
    tail_segment: Option<Segment>,
}

/// Records that wait for the next write.
#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    /// The first number and the header of its frame, which is finished when it is known which one was acknowledged before.
    first: Option<(u64, Header)>,
    last: u64,
    group: Group,
}

/// A group on its way to the disk.
pub(super) struct Writing {
    identity: Identity,
    bytes: Vec<u8>,
    first: u64,
    last: u64,
    group: Group,
    tail: Option<Tail>,
}

impl State {
    pub(super) fn new(identity: Identity, last: u64, segments: Vec<Segment>) -> Self {
        // No number that names a file is given again.
        let named = segments.iter().map(|segment| segment.first).max().unwrap_or(0);
        Self {
            identity,
            next: last.max(named) + 1,
            durable: last,
            applied: 0,
            pending: Pending::default(),
            writing: false,
            closed: segments.into(),
            tail: None,
            tail_segment: None,
        }
    }

    pub(super) const fn identity(&self) -> Identity {
        self.identity
    }

    pub(super) const fn durable(&self) -> u64 {
        self.durable
    }

    pub(super) const fn applied(&self) -> u64 {
        self.applied
    }

    pub(super) fn applied_to(&mut self, seq: u64) {
        self.applied = self.applied.max(seq);
    }

    pub(super) const fn is_writing(&self) -> bool {
        self.writing
    }

    pub(super) fn pending_bytes(&self) -> usize {
        self.pending.bytes.len()
    }

    /// Bytes of all segments.
    pub(super) fn backlog_bytes(&self) -> u64 {
        self.segments().map(|segment| segment.len).sum()
    }

    /// All segments, oldest first.
    pub(super) fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.closed.iter().chain(&self.tail_segment)
    }

    /// Puts a record behind those that wait. Gives its number and what to wait for.
    pub(super) fn enqueue(&mut self, payload: &[u8]) -> (u64, Group) {
        let seq = self.next;
        self.next += 1;
        let before = if self.pending.first.is_some() { self.pending.last } else { 0 };
        let header = Header::of(self.identity, seq, before, payload);
        self.pending.first.get_or_insert((seq, header));
        self.pending.last = seq;
        self.pending.bytes.extend_from_slice(&header.encode(self.identity));
        self.pending.bytes.extend_from_slice(payload);
        (seq, self.pending.group.clone())
    }

    /// Takes all that waits, to be written by the caller alone.
    pub(super) fn begin(&mut self) -> Option<Writing> {
        let Pending { mut bytes, first, last, group } = std::mem::take(&mut self.pending);
        let (first, header) = first?;
        let header = Header { before: self.durable, ..header };
        bytes[..HEADER].copy_from_slice(&header.encode(self.identity));
        self.writing = true;
        Some(Writing { identity: self.identity, bytes, first, last, group, tail: self.tail.take() })
    }

    /// Takes note of what became of a group.
    pub(super) fn end(&mut self, writing: Writing, written: Result<(), Failure>) {
        self.writing = false;
        self.tail = writing.tail;
        let now = self.tail.as_ref().map(|tail| tail.segment.clone());
        let same = |a: &Segment| now.as_ref().is_some_and(|now| now.path == a.path);
        if let Some(before) = self.tail_segment.take_if(|before| !same(before)) {
            self.closed.push_back(before);
        }
        self.tail_segment = now;
        if written.is_ok() {
            self.durable = writing.last;
        }
        writing.group.end(written);
    }

    /// Takes the segments out that hold nothing behind `seq`. The one that is written to goes too, unless somebody writes.
    pub(super) fn forget(&mut self, seq: u64) -> Vec<Segment> {
        let mut gone = Vec::new();
        while let Some(segment) = self.closed.pop_front_if(|segment| segment.last <= seq) {
            gone.push(segment);
        }
        if !self.writing
            && let Some(tail) = self.tail.take_if(|tail| tail.segment.last <= seq)
        {
            self.tail_segment = None;
            gone.push(tail.segment);
        }
        gone
    }
}

impl Writing {
    /// Writes the group and waits until it is on the disk.
    pub(super) fn write(
        &mut self,
        dir: &Path,
        store: &Path,
        settings: &Settings,
    ) -> Result<(), Failure> {
        let full = |free| Failure::Full { path: store.to_owned(), free };
        let needed = settings.reserve_bytes.saturating_add(self.bytes.len() as u64);
        if let Some(free) = disk::free_bytes(store).filter(|free| *free < needed) {
            return Err(full(free));
        }
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                full(disk::free_bytes(store).unwrap_or(0))
            }
            _ => Failure::Refused(error),
        };
        if self.tail.as_ref().is_some_and(|tail| tail.segment.len >= settings.segment_bytes) {
            self.tail = None;
        }
        if self.tail.is_none() {
            let made = (settings.at_step)(Step::Segment)
                .and_then(|()| make_dir(dir, store))
                .and_then(|()| Tail::create(dir, self.identity, self.first));
            self.tail = Some(made.map_err(failed)?);
        }
        let Some(tail) = &mut self.tail else { return Ok(()) };
        let written = (settings.at_step)(Step::Write).and_then(|()| tail.write(&self.bytes));
        if let Err(error) = written {
            // After a write that failed the file's end is not known: the next group begins another segment.
            let cut = self.tail.take().map_or(Ok(()), Tail::cut);
            return Err(if cut.is_ok() { failed(error) } else { Failure::Unknown(error) });
        }
        let synced = (settings.at_step)(Step::Sync)
            .and_then(|()| tail.sync())
            .and_then(|()| (settings.at_step)(Step::Acknowledge));
        if let Err(error) = synced {
            // A sync that failed may have dropped pages, and says so only once: this file is not written to again.
            self.tail = None;
            return Err(Failure::Unknown(error));
        }
        tail.grown(self.last, self.bytes.len());
        Ok(())
    }
}

/// Makes the journal's folder, where it is not there, so that it outlives a power cut: not every file system makes a name
/// durable with what is in the folder.
fn make_dir(dir: &Path, store: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    fs_err::create_dir_all(dir)?;
    segment::sync_dir(store)
}
