//! The mark: how far the database had applied the journal, as the journal's own side remembers it. A database that
//! says less after an open has lost commits.
//!
//! Two slots are written in turn, so that a write that was cut leaves the other. The mark is not synced: it is written
//! after the commit it speaks of, so it never promises too much, and all that an old one costs is that a loss of the
//! last moments before a power cut is made good without being told.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use fs_err::{File, OpenOptions};

use super::Identity;
use super::frame::{number32, number64};

const SLOT: usize = 32;

/// The file of the mark.
pub(super) struct Mark {
    path: PathBuf,
    file: Option<File>,
    turn: u64,
}

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) identity: Identity,
    pub(super) applied: u64,
}

impl Mark {
    /// The mark in the journal's folder.
    pub(super) fn new(dir: &Path) -> Self {
        Self { path: dir.join("applied"), file: None, turn: 0 }
    }

    /// What was marked last; `None` where nothing is readable.
    pub(super) fn read(&self) -> Option<Marked> {
        let mut bytes = Vec::new();
        File::open(&self.path).ok()?.take(2 * SLOT as u64).read_to_end(&mut bytes).ok()?;
        bytes.chunks_exact(SLOT).filter_map(decode).max_by_key(|marked| marked.applied)
    }

    /// Notes that the database has applied everything up to `applied`.
    pub(super) fn write(&mut self, identity: Identity, applied: u64) -> std::io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(
                OpenOptions::new().write(true).create(true).truncate(false).open(&self.path)?,
            ),
        };
        file.seek(SeekFrom::Start(self.turn % 2 * SLOT as u64))?;
        file.write_all(&encode(identity, applied))?;
        self.turn += 1;
        Ok(())
    }
}

fn encode(identity: Identity, applied: u64) -> [u8; SLOT] {
    let mut bytes = [0; SLOT];
    bytes[..16].copy_from_slice(&identity.0);
    bytes[16..24].copy_from_slice(&applied.to_le_bytes());
    let check = crc32fast::hash(&bytes[..28]);
    bytes[28..].copy_from_slice(&check.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Marked> {
    (number32(&bytes[28..]) == crc32fast::hash(&bytes[..28])).then(|| Marked {
        identity: Identity(bytes[..16].try_into().expect("sixteen bytes")),
        applied: number64(&bytes[16..24]),
    })
}
