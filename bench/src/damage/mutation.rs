//! Damages: what can happen to the bytes of DuckDB's log and of the journal.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;

use crate::seeded::Seeded;

/// DuckDB's log in the store's folder.
const LOG: &str = "lichen.duckdb.wal";
/// Bytes in front of an entry of DuckDB's log: its length and its checksum.
const ENTRY_HEADER: usize = 16;
/// Bytes in front of a record of the journal, and of the first one's segment.
const FRAME_HEADER: usize = 32;
const SEGMENT_HEADER: usize = 40;

/// What is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Target {
    /// DuckDB's log.
    Log,
    /// The journal, while DuckDB's log is whole.
    Journal,
    /// The journal, while DuckDB's log is gone.
    Both,
}

impl Target {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Log => "DuckDB's log",
            Self::Journal => "the journal",
            Self::Both => "both",
        }
    }
}

/// The files that are damaged, as they were.
pub(super) struct Files {
    log: Vec<u8>,
    /// The log of the same store before its last checkpoint.
    stale: Vec<u8>,
    /// The log of another store.
    foreign: Vec<u8>,
    /// The last segment of the journal, by its path in the store's folder.
    segment: (PathBuf, Vec<u8>),
    /// Where the log's entries begin and end.
    entries: Vec<Range<usize>>,
    /// The same of the journal's records.
    frames: Vec<Range<usize>>,
}

impl Files {
    /// Reads those of `store`.
    pub(super) fn read(store: &Path, stale: Vec<u8>, foreign: Vec<u8>) -> Result<Self> {
        let log = fs_err::read(store.join(LOG))?;
        let mut segments = Vec::new();
        for entry in fs_err::read_dir(store.join("journal"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|name| name == "log") {
                segments.push(path);
            }
        }
        segments.sort();
        let segment = segments.pop().context("the journal has a segment")?;
        let bytes = fs_err::read(&segment)?;
        let entries = entries(&log).context("the log has another form than expected")?;
        let frames = frames(&bytes);
        ensure!(entries.len() > 3 && frames.len() > 3, "too little was written");
        let segment = (segment.strip_prefix(store)?.to_owned(), bytes);
        Ok(Self { log, stale, foreign, segment, entries, frames })
    }
}

/// The entries of DuckDB's log. What stands before the first one has no header of that form.
fn entries(log: &[u8]) -> Option<Vec<Range<usize>>> {
    (0..200).find_map(|start| {
        let mut entries = Vec::new();
        let mut at = start;
        while at < log.len() {
            let size = log.get(at..at + 8)?.try_into().map(u64::from_le_bytes).ok()?;
            let end = usize::try_from(size).ok()?.checked_add(at + ENTRY_HEADER)?;
            if size == 0 || end > log.len() {
                return None;
            }
            entries.push(at..end);
            at = end;
        }
        (entries.len() > 1).then_some(entries)
    })
}

fn frames(segment: &[u8]) -> Vec<Range<usize>> {
    let mut frames = Vec::new();
    let mut at = SEGMENT_HEADER;
    while let Some(bytes) = segment.get(at + 4..at + 8) {
        let len = u32::from_le_bytes(bytes.try_into().unwrap_or_default()) as usize;
        let end = at + FRAME_HEADER + len;
        frames.push(at..end);
        at = end;
    }
    frames
}

/// What is done to bytes.
#[derive(Clone, Copy, Debug)]
enum Change {
    Cut {
        at: usize,
    },
    Flip {
        at: usize,
        bit: u8,
    },
    Zero {
        at: usize,
        len: usize,
    },
    Missing,
    Foreign,
    Stale,
    /// The memory of how far the database came is gone.
    Unmarked,
}

/// One damage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mutation {
    pub(super) target: Target,
    change: Change,
}

impl fmt::Display for Mutation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {:?}", self.target.name(), self.change)
    }
}

impl Mutation {
    /// Damages the files in `store`.
    pub(super) fn apply(&self, files: &Files, store: &Path) -> Result<()> {
        if self.target == Target::Both {
            fs_err::remove_file(store.join(LOG))?;
        }
        let (path, before) = self.file(files, store);
        match self.changed(files, before) {
            Some(bytes) => fs_err::write(path, bytes)?,
            None if matches!(self.change, Change::Unmarked) => {
                fs_err::remove_file(store.join("journal/applied"))?;
            }
            None => fs_err::remove_file(path)?,
        }
        Ok(())
    }

    fn file<'a>(&self, files: &'a Files, store: &Path) -> (PathBuf, &'a [u8]) {
        match self.target {
            Target::Log => (store.join(LOG), &files.log),
            Target::Journal | Target::Both => (store.join(&files.segment.0), &files.segment.1),
        }
    }

    /// The bytes after the damage; none where the file is gone.
    fn changed(&self, files: &Files, before: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = before.to_vec();
        match self.change {
            Change::Cut { at } => bytes.truncate(at),
            Change::Flip { at, bit } => bytes[at] ^= 1 << bit,
            Change::Zero { at, len } => bytes[at..at + len].fill(0),
            Change::Foreign => bytes.clone_from(&files.foreign),
            Change::Stale => bytes.clone_from(&files.stale),
            Change::Missing | Change::Unmarked => return None,
        }
        Some(bytes)
    }

    /// Whether the damaged bytes are still there, in their place or aside.
    pub(super) fn is_kept(&self, files: &Files, store: &Path) -> Result<bool> {
        let (path, before) = self.file(files, store);
        let Some(bytes) = self.changed(files, before) else { return Ok(true) };
        if fs_err::read(&path).is_ok_and(|now| now == bytes) {
            return Ok(true);
        }
        let aside = store.join("damaged");
        for entry in
            aside.is_dir().then(|| fs_err::read_dir(&aside)).transpose()?.into_iter().flatten()
        {
            if fs_err::read(entry?.path())? == bytes {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// About `count` damages, of every kind.
pub(super) fn all(files: &Files, count: usize, seeded: &mut Seeded) -> Result<Vec<Mutation>> {
    let log = |change| Mutation { target: Target::Log, change };
    let mut all: Vec<Mutation> =
        [Change::Missing, Change::Foreign, Change::Stale].into_iter().map(log).collect();
    for change in [Change::Missing, Change::Unmarked] {
        all.push(Mutation { target: Target::Journal, change });
    }
    all.push(Mutation { target: Target::Both, change: Change::Missing });
    let boundaries: Vec<usize> = files.entries.iter().map(|entry| entry.start).collect();
    let share = (count / 10).max(1);
    for at in sample(&boundaries, share, seeded) {
        all.push(log(Change::Cut { at }));
    }
    let mut nth = 0;
    while all.len() < count {
        let target = match nth % 10 {
            0..6 => Target::Log,
            6..8 => Target::Journal,
            _ => Target::Both,
        };
        let (bytes, parts, header) = match target {
            Target::Log => (&files.log, &files.entries, ENTRY_HEADER),
            _ => (&files.segment.1, &files.frames, FRAME_HEADER),
        };
        all.push(Mutation { target, change: draw(bytes, parts, header, seeded)? });
        nth += 1;
    }
    Ok(all)
}

fn draw(
    bytes: &[u8],
    parts: &[Range<usize>],
    header: usize,
    seeded: &mut Seeded,
) -> Result<Change> {
    let part = parts[usize::try_from(seeded.below(parts.len() as u64))?].clone();
    let bit = u8::try_from(seeded.below(8))?;
    let mut within = |range: Range<usize>| -> Result<usize> {
        Ok(range.start + usize::try_from(seeded.below(range.len() as u64))?)
    };
    Ok(match within(0..6)? {
        0 => Change::Cut { at: within(parts[0].start..bytes.len())? },
        1 => Change::Flip { at: within(part.start..part.start + header)?, bit },
        2 => Change::Flip { at: within(part.start + header..part.end)?, bit },
        kind => {
            // Blocks as disks write them, at the end, where a crash would tear them.
            let len = if kind == 3 { 512 } else { 4096 }.min(bytes.len());
            let blocks = bytes.len().div_ceil(len);
            let block = within(blocks.saturating_sub(4)..blocks)?;
            let at = block * len;
            let len = len.min(bytes.len() - at);
            if kind == 5 {
                let at = within(0..bytes.len().saturating_sub(8).max(1))?;
                Change::Zero { at, len: 8.min(bytes.len() - at) }
            } else {
                Change::Zero { at, len }
            }
        }
    })
}

/// At most `count` of `all`.
fn sample(all: &[usize], count: usize, seeded: &mut Seeded) -> Vec<usize> {
    let mut left = all.to_vec();
    while left.len() > count {
        let place = usize::try_from(seeded.below(left.len() as u64)).unwrap_or(0);
        left.swap_remove(place);
    }
    left
}
