//! Exports that are written once, and read as a whole: they go on where nothing has changed, and start again where
//! anything has. Their messages have ids, so what is read again is recognised.

use std::io::{self, Read as _};
use std::path::Path;

use fs_err::File;
use lichen_model::{Batch, Progress};

use super::Source;
use super::json_stream::Fault;
use super::parts::Draft;
use crate::{Error, Estimate, Read, Result, Unit};

/// Bytes of one value that are read where a source sets no limit.
const VALUE_BYTES_MAX: usize = 32 << 20;

/// An export that yields itself step by step.
pub(super) trait Export {
    /// Reads a little more into the batch; `false` at the end.
    fn step(&mut self, draft: &mut Draft) -> Result<bool>;

    /// Bytes read so far.
    fn offset(&self) -> u64;

    /// Whether nobody wrote to the export while it was read; asked at the end. What is not whole is read again.
    fn is_whole(&self) -> bool {
        true
    }
}

impl<E: Export + ?Sized> Export for Box<E> {
    fn step(&mut self, draft: &mut Draft) -> Result<bool> {
        (**self).step(draft)
    }

    fn offset(&self) -> u64 {
        (**self).offset()
    }
}

/// The reader of an export.
pub(super) struct Whole<E> {
    name: &'static str,
    source: Source,
    export: E,
    bytes: u64,
    fingerprint: String,
    done: bool,
}

impl<E: Export> Whole<E> {
    /// Reads an export of that many bytes, unless its position has the same fingerprint.
    pub(super) fn new(
        name: &'static str,
        source: &Source,
        bytes: u64,
        fingerprint: String,
        export: E,
    ) -> Self {
        let done = source.position.as_deref() == Some(fingerprint.as_str());
        Self { name, source: source.clone(), export, bytes, fingerprint, done }
    }
}

impl<E: Export> Read for Whole<E> {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        if self.done {
            return Ok(None);
        }
        let mut draft = Draft::new(&self.source);
        let start = self.export.offset();
        while !draft.is_full() {
            if !self.export.step(&mut draft)? {
                self.done = true;
                break;
            }
            draft.bytes = self.export.offset() - start;
        }
        let progress = (self.done && self.export.is_whole()).then(|| Progress {
            source: format!("{}:{}", self.name, self.source.label),
            position: self.fingerprint.clone(),
        });
        Ok(Some(draft.finish(&self.source.label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let done = if self.done { self.bytes } else { self.export.offset().min(self.bytes) };
        Estimate { total: self.bytes, done, unit: Unit::Bytes }
    }
}

/// The limit of one value that a source sets.
pub(super) const fn value_bytes_max(source: &Source) -> usize {
    if source.line_bytes_max == 0 { VALUE_BYTES_MAX } else { source.line_bytes_max }
}

/// A file's size, and a hash of its bytes.
pub(super) fn fingerprint(path: &Path) -> Result<(u64, String)> {
    let mut file = File::open(path).map_err(Error::ReadFile)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer).map_err(Error::ReadFile)?;
        if read == 0 {
            return Ok((bytes, hasher.finalize().to_hex()[..32].to_owned()));
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
}

/// What a fault says, for a problem; what the operating system says is an error.
pub(super) fn told(fault: Fault) -> Result<String> {
    match fault {
        Fault::Damaged(what) => Ok(what),
        Fault::Read(error) if error.kind() == io::ErrorKind::InvalidData => Ok(error.to_string()),
        Fault::Read(error) => Err(Error::ReadFile(error)),
    }
}
