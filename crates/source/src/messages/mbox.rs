//! mbox files: one stream per mailbox, read mail by mail.

use std::path::Path;

use lichen_model::{Batch, Progress};

use super::lines::{Line, Lines};
use super::mail::Mailbox;
use super::parts::Draft;
use super::{Format, Source};
use crate::{Estimate, Read, Result, Unit};

/// The name of the format.
pub const NAME: &str = "mbox";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| Ok(Box::new(Reader::open(source.clone())?)),
    discover: None,
};

/// Of a longer mail the rest is passed over: it is attachments.
const MAIL_BYTES_MAX: usize = 32 << 20;

/// A `From ` line that ends in a year or zone, and a header below it.
fn sniff(_: &Path, head: &[u8]) -> bool {
    let mut lines = head.split(|&byte| byte == b'\n');
    let first = lines.next().is_some_and(|line| is_from(line) && line.contains(&b':'));
    let header = lines.next().is_some_and(|line| {
        let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
        let fits = |byte: &u8| byte.is_ascii_graphic();
        name.len() < line.len() && !name.is_empty() && name.iter().all(fits)
    });
    first && header
}

fn is_from(line: &[u8]) -> bool {
    line.starts_with(b"From ") && line.len() > 10
}

/// The mails of a file, batch by batch.
pub struct Reader {
    source: Source,
    lines: Lines,
    mailbox: Mailbox,
    unread_before: Option<u64>,
    start: u64,
    done: bool,
}

/// The next mail, without the `From ` line before it.
struct Next {
    raw: Vec<u8>,
    line: u64,
    cut: bool,
    /// The `From ` line of the one after it has been read.
    more: bool,
}

impl Reader {
    /// Opens a mailbox where the last reading stopped.
    pub fn open(source: Source) -> Result<Self> {
        let lines = Lines::of(&source)?;
        let start = lines.at.offset;
        let name = source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let unread_before = (start > 0).then_some(start);
        let mailbox = Mailbox::new(NAME, name);
        Ok(Self { source, lines, mailbox, unread_before, start, done: false })
    }

    fn read_before(&mut self) -> Result<()> {
        let Some(end) = self.unread_before.take() else { return Ok(()) };
        let mut lines = self.lines.told_before(end)?;
        let mut buffer = Vec::new();
        while let Some(next) = next_mail(&mut lines, &mut buffer)? {
            self.mailbox.know(&next.raw);
        }
        Ok(())
    }
}

fn next_mail(lines: &mut Lines, buffer: &mut Vec<u8>) -> Result<Option<Next>> {
    let line = lines.at.lines + 1;
    let (mut raw, mut cut, mut blank, mut read) = (Vec::new(), false, true, false);
    loop {
        let Some(kind) = lines.next(buffer)? else {
            return Ok(read.then_some(Next { raw, line, cut, more: false }));
        };
        if kind == Line::TooLong {
            (read, cut) = (true, true);
            continue;
        }
        if blank && is_from(buffer) {
            if read && !raw.trim_ascii().is_empty() {
                return Ok(Some(Next { raw, line, cut, more: true }));
            }
            raw.clear();
            (read, blank) = (true, false);
            continue;
        }
        read = true;
        blank = buffer.trim_ascii().is_empty();
        let quotes = buffer.iter().take_while(|&&byte| byte == b'>').count();
        let escaped = quotes > 0 && buffer[quotes..].starts_with(b"From ");
        if raw.len() + buffer.len() > MAIL_BYTES_MAX {
            cut = true;
        } else {
            raw.extend_from_slice(&buffer[usize::from(escaped)..]);
            raw.push(b'\n');
        }
    }
}

impl Read for Reader {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut draft = Draft::new(&self.source);
        let mut buffer = Vec::new();
        let start = self.lines.at.offset;
        let mut more = false;
        while !self.done && !draft.is_full() {
            let Some(next) = next_mail(&mut self.lines, &mut buffer)? else {
                self.done = true;
                break;
            };
            more = next.more;
            draft.bytes = self.lines.at.offset - start;
            if self.unread_before.is_some() && self.mailbox.refers_to_unknown(&next.raw) {
                self.read_before()?;
            }
            if next.cut {
                let what = "holds a mail longer than the limit; the rest of it was skipped";
                draft.problems.line(&self.source.label, next.line, what);
            }
            for what in self.mailbox.read(&self.source, &next.raw, &mut draft) {
                draft.problems.line(&self.source.label, next.line, what);
            }
        }
        if self.lines.at.offset == start {
            return Ok(None);
        }
        if more {
            self.lines.unread();
        }
        let position = self.lines.position("")?;
        if more && !self.done {
            // The line that begins the next mail is read again.
            self.done = !self.lines.grown()?;
        }
        let progress = Progress { source: format!("{NAME}:{}", self.source.label), position };
        Ok(Some(draft.finish(&self.source.label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let total = self.lines.len().saturating_sub(self.start);
        let done = self.lines.at.offset.saturating_sub(self.start).min(total);
        Estimate { total, done, unit: Unit::Bytes }
    }
}
