//! Zip archives as input: entries are streamed, never unpacked to disk, and nothing that an archive claims is trusted.
//!
//! **Invariant:** memory does not grow with what an archive unpacks to; every limit is checked while bytes are read,
//! not only against the sizes that the archive tells.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use fs_err::File;
use zip::{CompressionMethod, ZipArchive};

use crate::{Error, Result};

const BUFFER_BYTES: usize = 64 << 10;
/// The record that ends an archive: its size without the comment, and the longest comment.
const END_BYTES: u64 = 22;
const COMMENT_BYTES_MAX: u64 = 0xFFFF;
/// Bytes that an entry may unpack to before its ratio is looked at: small files of blanks are harmless.
const RATIO_FROM_BYTES: u64 = 1 << 20;

/// What an archive may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Entries.
    pub(crate) entries: u64,
    /// Bytes that are read to learn the names and places of the entries.
    pub(crate) directory_bytes: u64,
    /// Bytes that one entry unpacks to.
    pub(crate) entry_bytes: u64,
    /// Bytes that are unpacked from all entries together, those that are read twice counted twice.
    pub(crate) total_bytes: u64,
    /// How many times larger an entry is unpacked than packed.
    pub(crate) ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 100_000,
            directory_bytes: 64 << 20,
            entry_bytes: 8 << 30,
            total_bytes: 64 << 30,
            ratio: 1000,
        }
    }
}

/// Whether a file with these first bytes is an archive.
pub(crate) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// A file of an archive.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its path in the archive, with `/` between names.
    pub(crate) name: String,
    /// Its size unpacked, as the archive tells it.
    pub(crate) bytes: u64,
    packed_bytes: u64,
    crc: u32,
    start: u64,
    deflated: bool,
}

/// An archive whose directory has been read and checked.
#[derive(Debug)]
pub(crate) struct ZipFile {
    path: PathBuf,
    limits: Limits,
    /// The files that can be read, by name.
    pub(crate) entries: Vec<Entry>,
    /// Names of entries that are not read, and why.
    pub(crate) refused: Vec<(String, &'static str)>,
    unpacked: Arc<AtomicU64>,
}

impl ZipFile {
    /// Reads the directory of an archive.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::open_within(path, Limits::default())
    }

    /// Reads the directory of an archive that keeps to `limits`.
    pub(crate) fn open_within(path: &Path, limits: Limits) -> Result<Self> {
        let wrong = |what: String| Error::Archive { path: path.to_owned(), what };
        let mut file = File::open(path).map_err(Error::ReadFile)?;
        let claimed = claimed_entries(&mut file).map_err(Error::ReadFile)?;
        if let Some(claimed) = claimed.filter(|&claimed| claimed > limits.entries) {
            return Err(wrong(format!(
                "it tells of {claimed} entries, more than the limit of {}",
                limits.entries
            )));
        }
        let left = Arc::new(AtomicU64::new(limits.directory_bytes));
        let metered = Metered { inner: BufReader::new(file), left: Arc::clone(&left) };
        let mut archive = ZipArchive::new(metered).map_err(|error| wrong(error.to_string()))?;
        left.store(u64::MAX, Ordering::Relaxed);
        let count = archive.len();
        if count as u64 > limits.entries {
            let limit = limits.entries;
            return Err(wrong(format!("it has {count} entries, more than the limit of {limit}")));
        }
        if claimed.is_some_and(|claimed| claimed != count as u64) {
            return Err(wrong("it names entries twice, or not as many as it tells of".to_owned()));
        }
        let directory = archive.central_directory_start();
        let mut this = Self {
            path: path.to_owned(),
            limits,
            entries: Vec::new(),
            refused: Vec::new(),
            unpacked: Arc::default(),
        };
        let mut ranges = Vec::with_capacity(count);
        for index in 0..count {
            let name = archive.name_for_index(index).unwrap_or_default().to_owned();
            let Ok(entry) = archive.by_index_raw(index) else {
                this.refused.push((name, "stands nowhere in the archive; skipped"));
                continue;
            };
            let packed_bytes = entry.compressed_size();
            let end = entry.data_start().saturating_add(packed_bytes);
            ranges.push((entry.header_start(), end, index));
            let refused = refused_name(&name).or_else(|| {
                let mode = entry.unix_mode().unwrap_or_default() & 0o170_000;
                if entry.encrypted() {
                    Some("is encrypted; skipped")
                } else if mode == 0o120_000 {
                    Some("is a symbolic link; skipped")
                } else if end > directory {
                    Some("reaches beyond the archive's data; skipped")
                } else if entry.size() > limits.entry_bytes {
                    Some("tells of more bytes than the limit of an entry; skipped")
                } else if name.ends_with('/') {
                    None
                } else if !matches!(
                    entry.compression(),
                    CompressionMethod::Stored | CompressionMethod::Deflated
                ) {
                    Some("is packed by a method that is not read; skipped")
                } else if has_extension(&name, "zip") {
                    Some("is an archive within the archive; not opened")
                } else {
                    None
                }
            });
            if let Some(why) = refused {
                this.refused.push((name, why));
            } else if !name.ends_with('/') {
                this.entries.push(Entry {
                    bytes: entry.size(),
                    packed_bytes,
                    crc: entry.crc32(),
                    start: entry.data_start(),
                    deflated: entry.compression() == CompressionMethod::Deflated,
                    name,
                });
            }
        }
        this.entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        ranges.sort_unstable();
        if let Some(pair) = ranges.windows(2).find(|pair| pair[1].0 < pair[0].1) {
            let name = |at: usize| archive.name_for_index(pair[at].2).unwrap_or_default();
            return Err(wrong(format!("entries `{}` and `{}` overlap", name(0), name(1))));
        }
        Ok(this)
    }

    /// The file of that name.
    pub(crate) fn entry(&self, name: &str) -> Option<&Entry> {
        let place = self.entries.binary_search_by(|entry| (*entry.name).cmp(name)).ok()?;
        self.entries.get(place)
    }

    /// The content of a file. A limit that is broken, and damage, are errors of kind
    /// [`InvalidData`](io::ErrorKind::InvalidData) that name archive and entry.
    pub(crate) fn read(&self, entry: &Entry) -> Result<BufReader<Unpacked>> {
        let mut file = File::open(&self.path).map_err(Error::ReadFile)?;
        file.seek(SeekFrom::Start(entry.start)).map_err(Error::ReadFile)?;
        let packed = BufReader::with_capacity(BUFFER_BYTES, file.take(entry.packed_bytes));
        let body = if entry.deflated {
            Body::Deflated(Box::new(DeflateDecoder::new(packed)))
        } else {
            Body::Stored(packed)
        };
        let unpacked = Unpacked {
            body,
            archive: self.path.clone(),
            entry: entry.clone(),
            limits: self.limits,
            crc: Crc::new(),
            bytes: 0,
            total: Arc::clone(&self.unpacked),
        };
        Ok(BufReader::with_capacity(BUFFER_BYTES, unpacked))
    }

    /// Tells whether the files are still the same ones: a hash of their names, sizes and checksums.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for entry in &self.entries {
            hasher.update(&(entry.name.len() as u64).to_le_bytes());
            hasher.update(entry.name.as_bytes());
            hasher.update(&entry.bytes.to_le_bytes());
            hasher.update(&entry.crc.to_le_bytes());
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }
}

/// Why no file of that name is read: it could only be meant for a place outside the archive's root.
pub(crate) fn refused_name(name: &str) -> Option<&'static str> {
    let drive = matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if name.is_empty() || name.contains('\0') {
        Some("has no usable name; skipped")
    } else if name.contains('\\') {
        Some("has a backslash in its name; skipped")
    } else if name.starts_with('/') || drive {
        Some("has an absolute name; skipped")
    } else if name.split('/').any(|part| part == "..") {
        Some("has a name that leaves the archive's root; skipped")
    } else {
        None
    }
}

/// Whether a name ends in a dot and these letters.
pub(crate) fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// How many entries the record at the archive's end tells of; `None` where none stands at the very end. Looked at
/// before the directory is read, because the number alone decides how much memory that takes.
fn claimed_entries(file: &mut File) -> io::Result<Option<u64>> {
    let len = file.metadata()?.len();
    let tail_start = len.saturating_sub(END_BYTES + COMMENT_BYTES_MAX);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(tail_start))?;
    (&mut *file).take(END_BYTES + COMMENT_BYTES_MAX).read_to_end(&mut tail)?;
    let u16_at = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 2).map(|two| u64::from(u16::from_le_bytes([two[0], two[1]])))
    };
    let u64_at =
        |bytes: &[u8], at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let end = (0..tail.len().saturating_sub(21)).rev().find(|&at| {
        tail[at..].starts_with(b"PK\x05\x06")
            && u16_at(&tail, at + 20)
                .is_some_and(|comment| comment == (tail.len() - at - 22) as u64)
    });
    let Some(end) = end else { return Ok(None) };
    let entries = u16_at(&tail, end + 10);
    let locator = end.checked_sub(20).map(|at| &tail[at..end]);
    let Some(locator) = locator.filter(|locator| locator.starts_with(b"PK\x06\x07")) else {
        return Ok(entries);
    };
    let mut record = Vec::new();
    file.seek(SeekFrom::Start(u64_at(locator, 8).unwrap_or_default().min(len)))?;
    (&mut *file).take(56).read_to_end(&mut record)?;
    let entries64 = u64_at(&record, 32).filter(|_| record.starts_with(b"PK\x06\x06"));
    Ok(entries64.or(entries))
}

/// A file of which no more than a number of bytes is read.
struct Metered {
    inner: BufReader<File>,
    left: Arc<AtomicU64>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let left = self.left.load(Ordering::Relaxed).checked_sub(read as u64);
        let left = left.ok_or_else(|| invalid("its directory is longer than the limit".into()))?;
        self.left.store(left, Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Metered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

enum Body {
    Stored(BufReader<Take<File>>),
    Deflated(Box<DeflateDecoder<BufReader<Take<File>>>>),
}

/// The content of one file, unpacked as it is read.
pub(crate) struct Unpacked {
    body: Body,
    archive: PathBuf,
    entry: Entry,
    limits: Limits,
    crc: Crc,
    bytes: u64,
    total: Arc<AtomicU64>,
}

impl Unpacked {
    fn wrong(&self, what: &str) -> io::Error {
        invalid(format!("entry `{}` of `{}` {what}", self.entry.name, self.archive.display()))
    }

    /// What is wrong after `read` more bytes.
    fn broken(&mut self, read: u64) -> Option<&'static str> {
        self.bytes += read;
        let total = self.total.fetch_add(read, Ordering::Relaxed) + read;
        let packed = match &self.body {
            Body::Stored(_) => self.bytes,
            Body::Deflated(decoder) => decoder.total_in().max(1),
        };
        if self.bytes > self.entry.bytes {
            Some("unpacks to more bytes than the archive tells")
        } else if self.bytes > self.limits.entry_bytes {
            Some("unpacks to more bytes than the limit of an entry")
        } else if total > self.limits.total_bytes {
            Some("brings what is unpacked above the limit of an archive")
        } else if self.bytes > RATIO_FROM_BYTES
            && self.bytes > packed.saturating_mul(self.limits.ratio)
        {
            Some("is packed more tightly than any text")
        } else if read == 0 && self.bytes != self.entry.bytes {
            Some("ends before the size that the archive tells")
        } else if read == 0 && self.crc.sum() != self.entry.crc {
            Some("is damaged: its checksum is wrong")
        } else {
            None
        }
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};

        if buffer.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.body {
            Body::Stored(body) => body.read(buffer),
            Body::Deflated(body) => body.read(buffer),
        };
        let read = read.map_err(|error| match error.kind() {
            InvalidData | InvalidInput | UnexpectedEof => self.wrong("is damaged"),
            _ => error,
        })?;
        self.crc.update(&buffer[..read]);
        match self.broken(read as u64) {
            Some(what) => Err(self.wrong(what)),
            None => Ok(read),
        }
    }
}

#[cfg(test)]
mod tests;
