//! The lines of a file that grows: where the last reading stopped, and whether the file is still the same.
//!
//! **Invariant:** a position never lies inside a line, so that a line half written is read once it is whole.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use fs_err::File;

use crate::{Error, Result};

/// Longest line that is read where a source sets no limit.
pub(super) const LINE_BYTES_MAX: usize = 32 << 20;
const BUFFER_BYTES: usize = 1 << 20;
/// Bytes of the file's beginning, and before the position, that tell whether it is still the same file.
const CHECK_BYTES: u64 = 4096;

/// How far a file has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// Bytes read: the start of the next line.
    pub(super) offset: u64,
    /// Lines read.
    pub(super) lines: u64,
    /// Hash of the bytes around both ends of what was read.
    check: String,
    /// What the format keeps besides.
    pub(super) extra: String,
}

impl Position {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.splitn(4, ' ');
        Some(Self {
            offset: words.next()?.parse().ok()?,
            lines: words.next()?.parse().ok()?,
            check: words.next()?.to_owned(),
            extra: words.next().unwrap_or_default().to_owned(),
        })
    }
}

/// One line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It is in the buffer.
    Read,
    /// It was longer than the limit and has been passed over.
    TooLong,
    /// It is in the buffer, but the file ends in it: call [`Lines::unread`] if it is not whole.
    Unended,
}

/// A file read line by line.
pub(super) struct Lines {
    file: BufReader<File>,
    pub(super) at: Position,
    /// The same file again, for the position's check: opened once, so that a file put in its place is not taken for it.
    checked: File,
    len: u64,
    limit: usize,
    /// Bytes of the last line, its end included.
    last: u64,
    ended: bool,
}

impl Lines {
    /// Opens a file where the last reading stopped; from the beginning where it was rewritten since.
    pub(super) fn open(path: &Path, position: Option<&str>, limit: usize) -> Result<Self> {
        let mut file = File::open(path).map_err(Error::ReadFile)?;
        let len = file.metadata().map_err(Error::ReadFile)?.len();
        let mut at = position.and_then(Position::parse).unwrap_or_default();
        if at.offset > len
            || (at.offset > 0 && check(&mut file, at.offset).map_err(Error::ReadFile)? != at.check)
        {
            at = Position::default();
        }
        let limit = if limit == 0 { LINE_BYTES_MAX } else { limit };
        file.seek(SeekFrom::Start(at.offset)).map_err(Error::ReadFile)?;
        let checked = File::open(path).map_err(Error::ReadFile)?;
        let file = BufReader::with_capacity(BUFFER_BYTES, file);
        Ok(Self { file, at, checked, len, limit, last: 0, ended: false })
    }

    /// The lines before `end`, for what they told.
    pub(super) fn before(path: &Path, end: u64, limit: usize) -> Result<Self> {
        let mut lines = Self::open(path, None, limit)?;
        lines.len = end;
        Ok(lines)
    }

    /// The lines from `start`, where one begins, up to `end`.
    pub(super) fn between(path: &Path, start: u64, end: u64, limit: usize) -> Result<Self> {
        let mut lines = Self::before(path, end, limit)?;
        lines.at.offset = start;
        lines.file.seek(SeekFrom::Start(start)).map_err(Error::ReadFile)?;
        Ok(lines)
    }

    /// Bytes of the file when it was opened: what is appended meanwhile is for the next time.
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// Reads the next line into `buffer`; `None` at the end.
    pub(super) fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Line>> {
        buffer.clear();
        let rest = self.len.saturating_sub(self.at.offset);
        if rest == 0 || self.ended {
            return Ok(None);
        }
        let take = rest.min(self.limit as u64 + 1);
        let read =
            (&mut self.file).take(take).read_until(b'\n', buffer).map_err(Error::ReadFile)? as u64;
        let mut line = Line::Read;
        let mut len = read;
        if buffer.last() == Some(&b'\n') {
            buffer.pop();
        } else if buffer.len() > self.limit {
            line = Line::TooLong;
            buffer.clear();
            let (skipped, ended) = self.skip(rest - read)?;
            len += skipped;
            if !ended {
                // Without an end there is no telling whether it is whole; it is looked at again next time.
                self.ended = true;
                return Ok(None);
            }
        } else {
            // Also a file that was cut while it was read ends here.
            self.ended = true;
            if read == 0 {
                return Ok(None);
            }
            line = Line::Unended;
        }
        self.at.offset += len;
        self.at.lines += 1;
        self.last = len;
        Ok(Some(line))
    }

    /// Takes the last line back: the position stays before it.
    pub(super) const fn unread(&mut self) {
        self.at.offset -= self.last;
        self.at.lines -= 1;
        self.last = 0;
    }

    /// Passes over bytes up to the next line's start; also tells whether the line had an end.
    fn skip(&mut self, rest: u64) -> Result<(u64, bool)> {
        let mut skipped = 0;
        while skipped < rest {
            let buffer = self.file.fill_buf().map_err(Error::ReadFile)?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|&byte| byte == b'\n');
            let len = end.map_or(buffer.len(), |end| end + 1);
            self.file.consume(len);
            skipped += len as u64;
            if end.is_some() {
                return Ok((skipped, true));
            }
        }
        Ok((skipped, false))
    }

    /// The position as text, with what the format keeps besides.
    pub(super) fn position(&mut self, extra: &str) -> Result<String> {
        let check = check(&mut self.checked, self.at.offset).map_err(Error::ReadFile)?;
        let position = format!("{} {} {check} {extra}", self.at.offset, self.at.lines);
        Ok(position.trim_end().to_owned())
    }
}

/// Hashes the beginning of what was read and its end.
fn check(file: &mut File, offset: u64) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut part = Vec::new();
    for start in [0, offset.saturating_sub(CHECK_BYTES)] {
        part.clear();
        file.seek(SeekFrom::Start(start))?;
        file.take(CHECK_BYTES.min(offset - start)).read_to_end(&mut part)?;
        hasher.update(&part);
    }
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

#[cfg(test)]
mod tests;
