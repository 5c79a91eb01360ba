//! Maildir folders: one stream per folder, a file per mail under `cur` and `new`.

use std::path::{Path, PathBuf};

use fs_err as fs;
use lichen_model::{Batch, Progress};

use super::mail::Mailbox;
use super::parts::Draft;
use super::{Format, Source};
use crate::{Error, Estimate, Read, Result, Unit};

/// The name of the format.
pub const NAME: &str = "maildir";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff: |path, _| path.join("cur").is_dir() && path.join("new").is_dir(),
    open: |source| Ok(Box::new(Reader::open(source.clone())?)),
    discover: None,
};

/// Larger mails are left out.
const MAIL_BYTES_MAX: u64 = 32 << 20;

/// The mails of a folder, batch by batch. Its position is a hash of the names that were read: a folder that has changed
/// is read again, and gives the same ids.
pub struct Reader {
    source: Source,
    mailbox: Mailbox,
    files: Vec<(String, PathBuf)>,
    next: usize,
    position: String,
}

impl Reader {
    /// Opens a folder, unless nothing has changed since the last reading.
    pub fn open(source: Source) -> Result<Self> {
        let mut files = Vec::new();
        for folder in ["cur", "new"] {
            let folder = source.path.join(folder);
            if !folder.is_dir() {
                continue;
            }
            for entry in fs::read_dir(folder).map_err(Error::ReadFile)? {
                let path = entry.map_err(Error::ReadFile)?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                // Flags stand after the colon; they change, and move a mail from `new` to `cur`.
                let unique = name.split(':').next().unwrap_or_default().to_owned();
                if !name.starts_with('.') && path.is_file() {
                    files.push((unique, path));
                }
            }
        }
        files.sort();
        let mut hasher = blake3::Hasher::new();
        for (unique, _) in &files {
            hasher.update(unique.as_bytes()).update(b"\n");
        }
        let position = format!("{} {}", files.len(), &hasher.finalize().to_hex()[..32]);
        if source.position.as_ref() == Some(&position) {
            files.clear();
        }
        let name = source.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { source, mailbox: Mailbox::new(NAME, name), files, next: 0, position })
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let len = fs::metadata(path).map_err(Error::ReadFile)?.len();
    if len > MAIL_BYTES_MAX {
        return Ok(None);
    }
    fs::read(path).map(Some).map_err(Error::ReadFile)
}

impl Read for Reader {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut draft = Draft::new(&self.source);
        if self.next == self.files.len() {
            return Ok(None);
        }
        while !draft.is_full()
            && let Some((_, path)) = self.files.get(self.next)
        {
            self.next += 1;
            let label = &self.source.label;
            let place = || {
                let parts: Vec<_> = path.iter().rev().take(2).collect();
                parts.iter().rev().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
            };
            match read(path) {
                Ok(Some(raw)) => {
                    draft.bytes += raw.len() as u64;
                    for what in self.mailbox.read(&self.source, &raw, &mut draft) {
                        draft.problems.at(label, place(), what);
                    }
                }
                Ok(None) => {
                    draft.problems.at(label, place(), "is longer than the limit; skipped");
                }
                // Another program may have moved it meanwhile.
                Err(error) => {
                    let what = format!("is a mail that cannot be read: {error}; skipped");
                    draft.problems.at(label, place(), what);
                }
            }
        }
        let position = self.position.clone();
        let progress = Progress { source: format!("{NAME}:{}", self.source.label), position };
        let mut batch = draft.finish(&self.source.label, progress);
        if self.next < self.files.len() {
            // The position tells that the whole folder was read.
            batch.progress.clear();
        }
        Ok(Some(batch))
    }

    fn estimate(&self) -> Estimate {
        Estimate { total: self.files.len() as u64, done: self.next as u64, unit: Unit::Files }
    }
}
