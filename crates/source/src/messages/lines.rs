//! The lines of a file that grows: where the last reading stopped, and whether the file is still the same.
//!
//! **Invariant:** a position never lies inside a line, so that a line half written is read once it is whole.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use std::path::Path;
use std::sync::Arc;

use fs_err::File;
use fs_err::os::unix::fs::FileExt as _;

use super::Source;
use crate::{Error, Result};

/// Longest line that is read where a source sets no limit.
pub(super) const LINE_BYTES_MAX: usize = 32 << 20;
const BUFFER_BYTES: usize = 1 << 20;
/// Bytes of the file's beginning, and before the position, that tell whether it is still the same file.
const CHECK_BYTES: usize = 4096;

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

/// A place in a file that others read at other places: it is opened once, so that a file put in its place is never taken
/// for it.
struct Cursor {
    file: Arc<File>,
    at: u64,
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Start(at) => self.at = at,
            // All that a buffer in front of it asks for, to tell its own place.
            SeekFrom::Current(by) => self.at = self.at.saturating_add_signed(by),
            SeekFrom::End(by) => self.at = self.file.metadata()?.len().saturating_add_signed(by),
        }
        Ok(self.at)
    }
}

/// A file read line by line.
pub(super) struct Lines {
    file: BufReader<Cursor>,
    pub(super) at: Position,
    opened: Arc<File>,
    len: u64,
    limit: usize,
    /// Bytes of the last line, its end included.
    last: u64,
    ended: bool,
}

impl Lines {
    /// Opens the file of a source where its last reading stopped; from the beginning where it was rewritten since.
    pub(super) fn of(source: &Source) -> Result<Self> {
        Self::over(source.file()?, source.position.as_deref(), source.line_bytes_max)
    }

    /// The same of a file by its path.
    pub(super) fn open(path: &Path, position: Option<&str>, limit: usize) -> Result<Self> {
        let file = File::open(path).map_err(Error::ReadFile)?;
        Self::over(Arc::new(file), position, limit)
    }

    fn over(opened: Arc<File>, position: Option<&str>, limit: usize) -> Result<Self> {
        let len = opened.metadata().map_err(Error::ReadFile)?.len();
        let mut at = position.and_then(Position::parse).unwrap_or_default();
        if !is_of(&opened, len, &at).map_err(Error::ReadFile)? {
            at = Position::default();
        }
        let limit = if limit == 0 { LINE_BYTES_MAX } else { limit };
        let cursor = Cursor { file: Arc::clone(&opened), at: at.offset };
        let file = BufReader::with_capacity(BUFFER_BYTES, cursor);
        Ok(Self { file, at, opened, len, limit, last: 0, ended: false })
    }

    /// The lines of the same file before `end`, for what they told.
    pub(super) fn told_before(&self, end: u64) -> Result<Self> {
        self.between(0, end)
    }

    /// The lines of the same file from `start`, where one begins, up to `end`.
    pub(super) fn between(&self, start: u64, end: u64) -> Result<Self> {
        let mut lines = Self::over(Arc::clone(&self.opened), None, self.limit)?;
        lines.at.offset = start;
        lines.len = end;
        lines.file.seek(SeekFrom::Start(start)).map_err(Error::ReadFile)?;
        Ok(lines)
    }

    /// Looks whether the file has grown, to read on. `false` where what was read is not its beginning any more: then it
    /// is to be opened anew.
    pub(super) fn grown(&mut self) -> Result<bool> {
        let len = self.opened.metadata().map_err(Error::ReadFile)?.len();
        if !is_of(&self.opened, len, &self.at).map_err(Error::ReadFile)? {
            return Ok(false);
        }
        self.len = len;
        self.ended = false;
        self.file.seek(SeekFrom::Start(self.at.offset)).map_err(Error::ReadFile)?;
        Ok(true)
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
        self.at.check = check(&self.opened, self.at.offset).map_err(Error::ReadFile)?;
        let position = format!("{} {} {} {extra}", self.at.offset, self.at.lines, self.at.check);
        Ok(position.trim_end().to_owned())
    }
}

/// Whether `position` was reached in this file; `None` where it is none of a file read by lines.
pub(super) fn continues(file: &File, position: &str) -> Result<Option<bool>> {
    let Some(at) = Position::parse(position).filter(|at| at.offset > 0) else { return Ok(None) };
    let len = file.metadata().map_err(Error::ReadFile)?.len();
    is_of(file, len, &at).map(Some).map_err(Error::ReadFile)
}

/// Whether a file of that many bytes begins with what had been read up to the position.
fn is_of(file: &File, len: u64, at: &Position) -> io::Result<bool> {
    Ok(at.offset == 0 || at.offset <= len && check(file, at.offset)? == at.check)
}

/// Hashes the beginning of what was read and its end.
fn check(file: &File, offset: u64) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut part = [0; CHECK_BYTES];
    for start in [0, offset.saturating_sub(CHECK_BYTES as u64)] {
        let mut filled = 0;
        let wanted =
            usize::try_from(offset - start).map_or(CHECK_BYTES, |rest| rest.min(CHECK_BYTES));
        while filled < wanted {
            match file.read_at(&mut part[filled..wanted], start + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        hasher.update(&part[..filled]);
    }
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

#[cfg(test)]
mod tests;
