//! Sessions that were packed as `.jsonl.zst`: read as a stream, whole lines at a time.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use fs_err::File;
use ruzstd::decoding::StreamingDecoder;

use super::{NAME, Rollout};
use crate::messages::Source;
use crate::messages::agent::Refused;
use crate::messages::agent::growing::{Told, Transcript, Unknown, entitle, take};
use crate::messages::lines::LINE_BYTES_MAX;
use crate::messages::parts::Draft;
use crate::messages::record::utf8;
use crate::messages::whole::{self, Export, Whole};
use crate::{Error, Result};

pub(super) type Unpacked = StreamingDecoder<File, ruzstd::decoding::FrameDecoder>;

/// Whether a file is packed, by its name.
pub(super) fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|name| name == "zst")
}

/// The content of a packed file.
pub(super) fn unpack(path: &Path) -> Result<Unpacked> {
    let file = File::open(path).map_err(Error::ReadFile)?;
    StreamingDecoder::new(file).map_err(|error| Error::Archive {
        path: path.to_owned(),
        what: format!("is no zstd archive that can be read: {error}"),
    })
}

/// The beginning of the content whose packed beginning is `head`.
pub(super) fn head(head: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    if let Ok(decoder) = StreamingDecoder::new(head) {
        // A head ends in the middle: what came before the end counts.
        drop(decoder.take(super::super::HEAD_BYTES).read_to_end(&mut unpacked));
    }
    unpacked
}

/// The longest line that is read.
pub(super) const fn line_bytes_max(source: &Source) -> usize {
    if source.line_bytes_max == 0 { LINE_BYTES_MAX } else { source.line_bytes_max }
}

/// Reads the next line; `false` for one that is longer than the limit and was passed over, `None` at the end.
pub(super) fn line(
    input: &mut impl BufRead,
    buffer: &mut Vec<u8>,
    limit: usize,
) -> Result<Option<bool>> {
    buffer.clear();
    let read = (&mut *input).take(limit as u64 + 1).read_until(b'\n', buffer);
    if read.map_err(Error::ReadFile)? == 0 {
        return Ok(None);
    }
    if buffer.last() == Some(&b'\n') {
        buffer.pop();
        return Ok(Some(true));
    }
    if buffer.len() <= limit {
        return Ok(Some(true));
    }
    buffer.clear();
    loop {
        let rest = input.fill_buf().map_err(Error::ReadFile)?;
        let end = rest.iter().position(|&byte| byte == b'\n');
        let (len, ended) = (end.map_or(rest.len(), |end| end + 1), end.is_some());
        input.consume(len);
        if ended || len == 0 {
            return Ok(Some(false));
        }
    }
}

/// Reads a packed session as a whole.
pub(super) fn open(source: &Source, rollout: Rollout) -> Result<Whole<Packed>> {
    let (bytes, fingerprint) = whole::fingerprint(&source.path)?;
    let packed = Packed {
        label: source.label.clone(),
        limit: line_bytes_max(source),
        input: BufReader::new(unpack(&source.path)?),
        rollout,
        unknown: Unknown::default(),
        lines: 0,
        bytes,
    };
    Ok(Whole::new(NAME, source, bytes, fingerprint, packed))
}

pub(super) struct Packed {
    label: String,
    limit: usize,
    input: BufReader<Unpacked>,
    rollout: Rollout,
    unknown: Unknown,
    lines: u64,
    bytes: u64,
}

impl Packed {
    fn read(&mut self, draft: &mut Draft, buffer: &[u8]) {
        let (text, whole) = utf8(buffer);
        let mut told = Told::default();
        let read =
            if text.trim().is_empty() { Ok(()) } else { self.rollout.line(&text, &mut told) };
        match read {
            Ok(()) => {}
            Err(Refused::Unknown(kind)) => self.unknown.add(kind),
            Err(Refused::Damaged(what)) => told.problems.push(what),
        }
        if !whole {
            told.problems.push("is not UTF-8; unreadable bytes were replaced".to_owned());
        }
        for what in told.problems {
            draft.problems.line(&self.label, self.lines, what);
        }
        take(draft, self.rollout.session(), told.messages);
    }
}

impl Export for Packed {
    fn step(&mut self, draft: &mut Draft) -> Result<bool> {
        let mut buffer = Vec::new();
        match line(&mut self.input, &mut buffer, self.limit) {
            Ok(Some(whole)) => {
                self.lines += 1;
                draft.bytes += buffer.len() as u64;
                if whole {
                    self.read(draft, &buffer);
                } else {
                    let what = "is longer than the limit; skipped";
                    draft.problems.line(&self.label, self.lines, what);
                }
                return Ok(true);
            }
            Ok(None) => {}
            Err(Error::ReadFile(error)) if is_damage(&error) => {
                let what = format!("is damaged from here on: {error}");
                draft.problems.line(&self.label, self.lines + 1, what);
            }
            Err(error) => return Err(error),
        }
        if let Some(what) = self.unknown.told("lines") {
            draft.problems.line(&self.label, self.lines, what);
        }
        entitle(draft, self.rollout.session());
        Ok(false)
    }

    fn offset(&self) -> u64 {
        // How much of the packed file a line took is not known; half of it is as good a guess as any.
        self.bytes / 2
    }
}

/// Whether the content is damaged, not the disk.
fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Other | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}
