//! Tar archives as input, packed by gzip or not: entries are streamed in their order, never unpacked to disk, and
//! nothing that an archive claims is trusted.
//!
//! **Invariant:** memory does not grow with what an archive unpacks to; every limit is checked while bytes are read.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use fs_err::File;
use tar::{EntryType, Header, PaxExtensions};

use crate::zip_file::refused_name;
use crate::{Error, Result};

const BLOCK: usize = 512;
const BUFFER_BYTES: usize = 64 << 10;
/// Longest extension of a header: names of files are shorter.
const EXTENSION_BYTES_MAX: u64 = 64 << 10;
/// Bytes that an archive may unpack to before its ratio is looked at.
const RATIO_FROM_BYTES: u64 = 1 << 20;

/// What an archive may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Entries.
    pub(crate) entries: u64,
    /// Bytes that the archive unpacks to.
    pub(crate) total_bytes: u64,
    /// How many times larger it is unpacked than packed.
    pub(crate) ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1_000_000, total_bytes: 64 << 30, ratio: 1000 }
    }
}

/// Whether a file with these first bytes is packed by gzip.
pub(crate) fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(b"\x1f\x8b\x08")
}

/// Whether a file with these first bytes is an archive that is not packed.
pub(crate) fn is_tar(head: &[u8]) -> bool {
    head.get(257..262).is_some_and(|magic| magic == b"ustar")
}

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path in the archive, with `/` between names.
    pub(crate) name: String,
    /// Its size, as the archive tells it.
    pub(crate) bytes: u64,
}

enum Input {
    Plain(BufReader<Counted>),
    Gzip(Box<BufReader<MultiGzDecoder<BufReader<Counted>>>>),
}

/// An archive that is read from its beginning to its end. After [`next`](Self::next) it reads as the content of that
/// entry.
pub(crate) struct TarFile {
    path: PathBuf,
    input: Input,
    packed: Arc<AtomicU64>,
    limits: Limits,
    entries: u64,
    unpacked: u64,
    /// Bytes of the entry that have not been read, and those that fill its last block.
    rest: u64,
    padding: u64,
    /// Names of entries that are not read, and why.
    pub(crate) refused: Vec<(String, &'static str)>,
}

impl TarFile {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::open_within(path, Limits::default())
    }

    pub(crate) fn open_within(path: &Path, limits: Limits) -> Result<Self> {
        let packed = Arc::<AtomicU64>::default();
        let file = File::open(path).map_err(Error::ReadFile)?;
        let counted = Counted { file, bytes: Arc::clone(&packed) };
        let mut input = BufReader::with_capacity(BUFFER_BYTES, counted);
        let gzip = is_gzip(input.fill_buf().map_err(Error::ReadFile)?);
        let input = if gzip {
            let decoder = MultiGzDecoder::new(input);
            Input::Gzip(Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder)))
        } else {
            Input::Plain(input)
        };
        Ok(Self {
            path: path.to_owned(),
            input,
            packed,
            limits,
            entries: 0,
            unpacked: 0,
            rest: 0,
            padding: 0,
            refused: Vec::new(),
        })
    }

    /// Goes to the next file; `None` at the end. A limit that is broken, and damage, are errors of kind
    /// [`InvalidData`](io::ErrorKind::InvalidData) that name the archive.
    pub(crate) fn next(&mut self) -> io::Result<Option<Entry>> {
        let (mut name, mut size) = (None, None);
        loop {
            self.pass()?;
            let Some(header) = self.header()? else { return Ok(None) };
            self.entries += 1;
            if self.entries > self.limits.entries {
                return Err(self.wrong("has more entries than the limit"));
            }
            let told =
                header.entry_size().map_err(|_| self.wrong("is damaged: a size is no number"))?;
            match header.entry_type() {
                EntryType::GNULongName => {
                    let mut bytes = self.extension(told)?;
                    bytes.truncate(bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len()));
                    name = Some(bytes);
                    continue;
                }
                EntryType::XHeader => {
                    let bytes = self.extension(told)?;
                    for pair in PaxExtensions::new(&bytes).flatten() {
                        match pair.key_bytes() {
                            b"path" => name = Some(pair.value_bytes().to_vec()),
                            b"size" => size = pair.value().ok().and_then(|size| size.parse().ok()),
                            _ => {}
                        }
                    }
                    continue;
                }
                EntryType::GNULongLink | EntryType::XGlobalHeader => {
                    self.enter(told);
                    continue;
                }
                _ => {}
            }
            let bytes = size.take().unwrap_or(told);
            let path = name.take().unwrap_or_else(|| header.path_bytes().into_owned());
            let path = String::from_utf8_lossy(&path).into_owned();
            let path = path.strip_prefix("./").map(ToOwned::to_owned).unwrap_or(path);
            let kind = header.entry_type();
            let is_file = matches!(kind, EntryType::Regular | EntryType::Continuous);
            if kind.is_dir() || path.ends_with('/') {
                self.enter(if kind.is_dir() { 0 } else { bytes });
                continue;
            }
            self.enter(bytes);
            let refused = refused_name(&path).or(match kind {
                _ if is_file => None,
                EntryType::Symlink | EntryType::Link => Some("is a link; skipped"),
                _ => Some("is no plain file; skipped"),
            });
            match refused {
                // As many as anybody reads.
                Some(why) if self.refused.len() < 1000 => self.refused.push((path, why)),
                Some(_) => {}
                None => return Ok(Some(Entry { name: path, bytes })),
            }
        }
    }

    const fn enter(&mut self, bytes: u64) {
        self.rest = bytes;
        self.padding = bytes.wrapping_neg() % BLOCK as u64;
    }

    /// Passes over what is left of the entry.
    fn pass(&mut self) -> io::Result<()> {
        let mut left = self.rest.saturating_add(self.padding);
        (self.rest, self.padding) = (0, 0);
        while left > 0 {
            let available = self.fill()?.len();
            if available == 0 {
                return Err(self.wrong("ends in the middle"));
            }
            let used = usize::try_from(left).unwrap_or(usize::MAX).min(available);
            self.used(used);
            left -= used as u64;
        }
        Ok(())
    }

    /// The next header; `None` where only blank blocks follow, or nothing.
    fn header(&mut self) -> io::Result<Option<Header>> {
        let mut header = Header::new_old();
        let mut at = 0;
        while at < BLOCK {
            let available = self.fill()?;
            if available.is_empty() {
                return if at == 0 { Ok(None) } else { Err(self.wrong("ends in the middle")) };
            }
            let len = available.len().min(BLOCK - at);
            header.as_mut_bytes()[at..at + len].copy_from_slice(&available[..len]);
            self.used(len);
            at += len;
        }
        if header.as_bytes().iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        // The sum is taken over the block with blanks where it stands itself.
        let sum: u32 = (0..)
            .zip(header.as_bytes())
            .map(|(at, &byte)| u32::from(if (148..156).contains(&at) { b' ' } else { byte }))
            .sum();
        if header.cksum().ok() == Some(sum) {
            Ok(Some(header))
        } else {
            Err(self.wrong("is damaged: the checksum of a header is wrong"))
        }
    }

    fn extension(&mut self, bytes: u64) -> io::Result<Vec<u8>> {
        if bytes > EXTENSION_BYTES_MAX {
            return Err(self.wrong("has a name that is longer than the limit"));
        }
        self.enter(bytes);
        let mut extension = Vec::new();
        self.read_to_end(&mut extension)?;
        Ok(extension)
    }

    /// The bytes that come next, as long as no limit is broken.
    fn fill(&mut self) -> io::Result<&[u8]> {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};

        self.check()?;
        let path = &self.path;
        let filled = match &mut self.input {
            Input::Plain(input) => input.fill_buf(),
            Input::Gzip(input) => input.fill_buf(),
        };
        filled.map_err(|error| match error.kind() {
            InvalidData | InvalidInput | UnexpectedEof => wrong(path, "is damaged"),
            _ => error,
        })
    }

    /// Takes note of bytes that were looked at.
    fn used(&mut self, bytes: usize) {
        match &mut self.input {
            Input::Plain(input) => input.consume(bytes),
            Input::Gzip(input) => input.consume(bytes),
        }
        self.unpacked += bytes as u64;
    }

    fn check(&self) -> io::Result<()> {
        let packed = self.packed.load(Ordering::Relaxed);
        if self.unpacked > self.limits.total_bytes {
            Err(self.wrong("unpacks to more bytes than the limit of an archive"))
        } else if self.unpacked > RATIO_FROM_BYTES
            && self.unpacked > packed.saturating_mul(self.limits.ratio)
        {
            Err(self.wrong("is packed more tightly than any text"))
        } else {
            Ok(())
        }
    }

    fn wrong(&self, what: &str) -> io::Error {
        wrong(&self.path, what)
    }
}

fn wrong(path: &Path, what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("`{}` {what}", path.display()))
}

/// The content of the entry.
impl Read for TarFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let len = available.len().min(buffer.len());
        buffer[..len].copy_from_slice(&available[..len]);
        self.consume(len);
        Ok(len)
    }
}

impl BufRead for TarFile {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let rest = self.rest;
        if rest == 0 {
            return Ok(&[]);
        }
        if self.fill()?.is_empty() {
            return Err(self.wrong("ends in the middle"));
        }
        let available = self.fill()?;
        let len = usize::try_from(rest).unwrap_or(usize::MAX).min(available.len());
        Ok(&available[..len])
    }

    fn consume(&mut self, bytes: usize) {
        self.rest -= bytes as u64;
        self.used(bytes);
    }
}

/// A file that counts what is read of it.
struct Counted {
    file: File,
    bytes: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
