//! Chats as JSON lines: one object per message, under the names of a mapping.
//!
//! A file whose first message tells its role, or its use of tools, holds agents' sessions; any other one holds chats
//! between people.

mod fields;
mod intake;
mod recent;
mod told;

use std::borrow::Cow;
use std::path::Path;

use lichen_model::{Batch, Progress, StreamKind};

use super::lines::{Line, Lines};
use super::mapping::Field;
use super::parts::Draft;
use super::{Format, Source};
use crate::{Estimate, Read, Result, Unit};

pub(super) use fields::{parse_role, strings, tool_calls};
use told::{Kinds, Told};

pub use intake::Intake;

/// The name of the format.
pub const NAME: &str = "jsonl";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| Ok(Box::new(Reader::open(source.clone())?)),
    discover: None,
};

fn sniff(path: &Path, head: &[u8]) -> bool {
    let named =
        path.extension().is_some_and(|name| name == "jsonl" || name == "ndjson" || name == "json");
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    named
        && !path.is_dir()
        && (head.trim_ascii_start().is_empty() || head.trim_ascii_start().starts_with(b"{"))
}

/// What messages are that have no id, and the author, text and time of one before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Others: for a source that tells each message once.
    Counted,
    /// The same, delivered again.
    One,
}

/// Kinds of streams as the position tells them.
const AGENT: &str = "agent";
const CHAT: &str = "chat";

/// The messages of a file, batch by batch.
pub struct Reader {
    told: Told,
    lines: Lines,
    /// Where this reading began, until the lines before it have been read for what they told.
    unread_before: Option<u64>,
    start: u64,
    done: bool,
}

impl Reader {
    /// Opens a file where the last reading stopped.
    pub fn open(source: Source) -> Result<Self> {
        let lines = Lines::of(&source)?;
        let start = lines.at.offset;
        let stem = source
            .path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let kind = match lines.at.extra.as_str() {
            AGENT => Some(StreamKind::Agent),
            CHAT => Some(StreamKind::Chat),
            _ => None,
        };
        Ok(Self {
            // All messages of a file are known to the later ones, so that it may be read in any number of parts.
            told: Told::new(source, stem, Kinds::OfFile(kind), Repeats::Counted, usize::MAX),
            lines,
            unread_before: (start > 0).then_some(start),
            start,
            done: false,
        })
    }

    /// Reads the lines before the position once a message needs them: for the id it replies to, or to know how many
    /// equal ones came before it. So a file read in two parts gives the same ids as one read at once.
    fn read_before(&mut self) -> Result<()> {
        let Some(end) = self.unread_before.take() else { return Ok(()) };
        let mut lines = self.lines.told_before(end)?;
        let mut buffer = Vec::new();
        while let Some(line) = lines.next(&mut buffer)? {
            if line == Line::TooLong {
                continue;
            }
            let text = String::from_utf8_lossy(content(&buffer, lines.at.lines));
            if let Ok(found) = self.told.parse(&text) {
                self.told.know(&found);
            }
        }
        Ok(())
    }

    fn line(&mut self, text: &str, draft: &mut Draft) -> Result<(), LineError> {
        let fields = self.told.parse(text).map_err(LineError::Damaged)?;
        let says = fields.raw(Field::Text).is_some() || fields.raw(Field::Tools).is_some();
        let needs_before = fields.raw(Field::ReplyTo).is_some()
            || fields.text(Field::Id).is_none_or(|id| id.is_empty());
        if says && needs_before {
            self.read_before()?;
        }
        let place = format!("line {}", self.lines.at.lines);
        self.told.add(fields, &place, draft).map_err(LineError::Damaged)
    }
}

enum LineError {
    Damaged(String),
    Failed(crate::Error),
}

impl From<crate::Error> for LineError {
    fn from(error: crate::Error) -> Self {
        Self::Failed(error)
    }
}

/// A line's content: without the mark that some editors put before a file, and blanks around it.
fn content(line: &[u8], number: u64) -> &[u8] {
    let line = if number == 1 { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) } else { line };
    line.trim_ascii()
}

impl Read for Reader {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut draft = Draft::new(&self.told.source);
        let mut buffer = Vec::new();
        let start = self.lines.at.offset;
        while !self.done && !draft.is_full() {
            let Some(line) = self.lines.next(&mut buffer)? else {
                self.done = true;
                break;
            };
            draft.bytes = self.lines.at.offset - start;
            let number = self.lines.at.lines;
            if line == Line::TooLong {
                draft.problems.line(
                    &self.told.source.label,
                    number,
                    "is longer than the limit; skipped",
                );
                continue;
            }
            let bytes = content(&buffer, number);
            if bytes.is_empty() {
                continue;
            }
            let text = String::from_utf8_lossy(bytes);
            match self.line(&text, &mut draft) {
                Ok(()) => {}
                Err(LineError::Failed(error)) => return Err(error),
                // The file may still grow: a line that is not whole yet is read once it is.
                Err(LineError::Damaged(_)) if line == Line::Unended => {
                    self.lines.unread();
                    self.done = true;
                    break;
                }
                Err(LineError::Damaged(what)) => {
                    draft.problems.line(&self.told.source.label, number, what);
                    continue;
                }
            }
            if matches!(text, Cow::Owned(_)) {
                draft.problems.line(
                    &self.told.source.label,
                    number,
                    "is not UTF-8; unreadable bytes were replaced",
                );
            }
        }
        if self.lines.at.offset == start {
            return Ok(None);
        }
        let kind = match self.told.kinds {
            Kinds::OfFile(Some(StreamKind::Agent)) => AGENT,
            Kinds::OfFile(Some(StreamKind::Chat)) => CHAT,
            Kinds::OfFile(None) | Kinds::OfStreams(_) => "",
        };
        let position = self.lines.position(kind)?;
        let progress = Progress { source: format!("{NAME}:{}", self.told.source.label), position };
        Ok(Some(draft.finish(&self.told.source.label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let total = self.lines.len().saturating_sub(self.start);
        Estimate { total, done: self.lines.at.offset - self.start, unit: Unit::Bytes }
    }

    fn grown(&mut self) -> Result<bool> {
        self.done = !self.lines.grown()?;
        Ok(!self.done)
    }
}
