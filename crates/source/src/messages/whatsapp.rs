//! WhatsApp chats as phones export them: `_chat.txt` (iOS), `WhatsApp Chat with ….txt` (Android), or the archive that
//! holds one of them beside the media.
//!
//! An archive of several chats is read chat by chat.
//!
//! Lines are written in the phone's language and do not tell their zone: local times are taken as UTC. Which number of
//! a date is the day, the dates of the whole file tell, so a file is read twice. Messages have no ids; they are known
//! by author, text and time. The exporter's own words are taken off where they are known (a mark of an edit, the
//! placeholder for media left out, the notice of a deletion), all other text is verbatim.

mod header;
mod order;
mod said;
mod several;
mod text;
mod words;

use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

use fs_err::File;
use lichen_model::{Batch, Message, Progress, Stream, StreamId, StreamKind, Timestamp, Zoned};

use super::parts::{self, Draft, Seen};
use super::references::Attachment;
use super::{Format, Source};
use crate::zip_file::{self, ZipFile};
use crate::{Error, Estimate, Read, Result, Unit};

use header::Header;
use order::Order;
use said::{author_and_text, chat_name, clean_name, said};
use text::{Line, Survey, Text, survey};

/// The name of the format.
pub const NAME: &str = "whatsapp";

pub(super) const FORMAT: Format =
    Format { name: NAME, sniff, open: |source| several::open(source), discover: None };

/// Longest message that is read where a source sets no limit.
const MESSAGE_BYTES_MAX: usize = 32 << 20;

fn sniff(path: &Path, head: &[u8]) -> bool {
    if zip_file::is_zip(head) {
        let Ok(zip) = ZipFile::open(path) else { return false };
        return chat_entries(&zip).into_iter().any(|entry| begins_a_chat(&zip, entry));
    }
    zip_file::has_extension(&path.to_string_lossy(), "txt") && is_chat(head)
}

/// Whether a text begins with a message.
fn is_chat(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.and_then(Header::parse).is_some()
}

/// The chats of an archive: every text that is named as one and begins with a message, or the only text there is.
fn chat_entries(zip: &ZipFile) -> Vec<&zip_file::Entry> {
    let texts: Vec<_> =
        zip.entries.iter().filter(|entry| zip_file::has_extension(&entry.name, "txt")).collect();
    let named = |entry: &&zip_file::Entry| {
        let name = entry.name.rsplit('/').next().unwrap_or_default();
        name == "_chat.txt" || name.to_lowercase().contains("whatsapp")
    };
    let found: Vec<_> = texts.iter().copied().filter(named).collect();
    let chats: Vec<_> = found.iter().copied().filter(|entry| begins_a_chat(zip, entry)).collect();
    match (chats.len(), found.first(), &texts[..]) {
        (0, Some(first), _) => vec![first],
        (0, None, [only]) => vec![only],
        _ => chats,
    }
}

fn begins_a_chat(zip: &ZipFile, entry: &zip_file::Entry) -> bool {
    let mut head = Vec::new();
    let Ok(body) = zip.read(entry) else { return false };
    // What cannot be read to its end may still tell what it is.
    drop(body.take(super::HEAD_BYTES).read_to_end(&mut head));
    is_chat(&head)
}

/// Where the text comes from.
enum Input {
    File,
    Zip(Arc<ZipFile>, zip_file::Entry),
}

impl Input {
    fn open(&self, path: &Path) -> Result<Box<dyn BufRead + Send>> {
        Ok(match self {
            Self::File => {
                let file = File::open(path).map_err(Error::ReadFile)?;
                Box::new(BufReader::with_capacity(1 << 20, file))
            }
            Self::Zip(zip, entry) => Box::new(zip.read(entry)?),
        })
    }

    fn attachment(&self, name: &str) -> Attachment {
        let bytes = match self {
            Self::File => None,
            Self::Zip(zip, _) => zip.entry(name).map(|entry| entry.bytes),
        };
        let kind = words::media_type(name).map(ToOwned::to_owned);
        Attachment { name: Some(name.to_owned()), kind, bytes, url: None }
    }
}

/// How far a chat has been read: bytes, their hash, and the order of the dates that was taken.
struct Position {
    offset: u64,
    hash: String,
    order: String,
}

impl Position {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let offset = words.next()?.parse().ok()?;
        Some(Self { offset, hash: words.next()?.to_owned(), order: words.next()?.to_owned() })
    }
}

/// A message whose last line has not been seen yet.
struct Pending {
    line: u64,
    sent: Option<Zoned>,
    author: String,
    text: String,
    cut: bool,
}

/// The messages of a chat, batch by batch.
struct Reader {
    source: Source,
    input: Input,
    text: Text,
    survey: Survey,
    /// Messages that end here or before are known.
    known: u64,
    stream: StreamId,
    name: String,
    seen: Seen,
    pending: Option<Pending>,
    refused: Vec<(String, &'static str)>,
    done: bool,
}

impl Reader {
    /// Opens a chat where the last reading stopped.
    fn open(
        source: Source,
        input: Input,
        mut refused: Vec<(String, &'static str)>,
    ) -> Result<Self> {
        let limit =
            if source.line_bytes_max == 0 { MESSAGE_BYTES_MAX } else { source.line_bytes_max };
        let inner = match &input {
            Input::File => None,
            Input::Zip(_, entry) => Some(entry.name.clone()),
        };
        let position = source.position.as_deref().and_then(Position::parse);
        let survey = survey(Text::new(input.open(&source.path)?, limit), position.as_ref())?;
        let known = position
            .filter(|at| survey.same && at.order == order_name(survey.order))
            .map_or(0, |at| at.offset);
        if known > 0 {
            refused.clear();
        }
        let name = chat_name(&source.path, inner.as_deref());
        Ok(Self {
            text: Text::new(input.open(&source.path)?, limit),
            stream: Stream::id(NAME, &name),
            source,
            input,
            survey,
            known,
            name,
            seen: Seen::default(),
            pending: None,
            refused,
            done: false,
        })
    }

    fn header<'a>(&self, line: &'a str) -> Option<Header<'a>> {
        Header::parse(line).filter(|header| Some(header.shape) == self.survey.shape)
    }

    fn begin(&self, header: &Header<'_>) -> Pending {
        let [hour, minute, second] = header.clock;
        let sent = self.survey.order.day(header.date).and_then(|day| {
            let zoned = day.at(hour, minute, second, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Some(Zoned { at: Timestamp(zoned.timestamp().as_millisecond()), offset_minutes: 0 })
        });
        let (author, text) = author_and_text(header.rest);
        let (author, text) = (clean_name(author), text.to_owned());
        Pending { line: self.text.line, sent, author, text, cut: false }
    }

    /// Puts the message that has ended into the batch, unless it was known before.
    fn end(&mut self, end: u64, draft: &mut Draft) {
        let Some(pending) = self.pending.take() else { return };
        let known = end <= self.known;
        let label = &self.source.label;
        if !known && pending.sent.is_none() {
            draft.problems.line(
                label,
                pending.line,
                "has a date that does not exist; taken as 1970",
            );
        }
        if !known && pending.cut {
            draft.problems.line(label, pending.line, "is longer than the limit; cut");
        }
        let said = said(&pending.author, &pending.text, &self.input);
        let sent = pending.sent.unwrap_or_default();
        let author = said.author;
        let text = self.source.redact(said.text.into()).into_owned();
        let equals = (self.stream.as_u128(), author, &text, sent.at);
        let nth = self.seen.equals.entry(parts::key(&equals)).or_default();
        let id = Message::id_by_content(self.stream, author, &text, *nth, sent.at);
        *nth += 1;
        if known {
            return;
        }
        let (stream, name) = (self.stream, &self.name);
        draft.stream(stream, || Stream {
            id: stream,
            source: NAME.to_owned(),
            name: name.clone(),
            kind: StreamKind::Chat,
            title: name.clone(),
        });
        draft.push(Message {
            id,
            stream,
            external_id: String::new(),
            author: author.to_owned(),
            role: said.role,
            sent,
            text,
            tokens: 0,
            reply_to: None,
            replaces: None,
            tool_calls: Vec::new(),
            meta: said.meta.finish(),
        });
    }

    /// One line. Where the batch is full and a message begins, the position before it.
    fn line(&mut self, buffer: &mut Vec<u8>, draft: &mut Draft) -> Result<Option<String>> {
        let before = self.text.offset;
        let Some(line) = self.text.next(buffer)? else {
            self.done = true;
            self.end(self.text.offset, draft);
            return Ok(None);
        };
        let number = self.text.line;
        let fresh = self.text.offset > self.known;
        let mut boundary = None;
        match line {
            Line::Damaged(what) => {
                draft.problems.line(&self.source.label, number + 1, what);
                self.done = true;
                self.end(before.max(self.known + 1), draft);
                return Ok(None);
            }
            Line::TooLong => {
                if let Some(pending) = &mut self.pending {
                    pending.cut = true;
                } else if fresh {
                    draft.problems.line(
                        &self.source.label,
                        number,
                        "is longer than the limit; skipped",
                    );
                }
            }
            Line::Read => {
                let text = String::from_utf8_lossy(buffer);
                if matches!(text, std::borrow::Cow::Owned(_)) && fresh {
                    let what = "is not UTF-8; unreadable bytes were replaced";
                    draft.problems.line(&self.source.label, number, what);
                }
                let text = text.strip_suffix('\n').unwrap_or(&text);
                let text = text.strip_suffix('\r').unwrap_or(text);
                if let Some(header) = self.header(text) {
                    let pending = self.begin(&header);
                    self.end(before, draft);
                    self.pending = Some(pending);
                    boundary = draft.is_full().then(|| self.position(before));
                } else if let Some(pending) = &mut self.pending {
                    if pending.text.len() + text.len() < self.text.limit {
                        pending.text.push('\n');
                        pending.text.push_str(text);
                    } else {
                        pending.cut = true;
                    }
                } else if fresh && !text.trim().is_empty() {
                    let what = "stands before the first message; skipped";
                    draft.problems.line(&self.source.label, number, what);
                }
            }
        }
        self.text.taken(buffer);
        Ok(boundary)
    }

    fn position(&self, offset: u64) -> String {
        format!("{offset} {} {}", self.text.hash(), order_name(self.survey.order))
    }
}

const fn order_name(order: Order) -> &'static str {
    match order {
        Order::DayMonth => "dmy",
        Order::MonthDay => "mdy",
        Order::YearFirst => "ymd",
    }
}

impl Read for Reader {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        if self.done || (self.known > 0 && self.known == self.survey.bytes) {
            self.done = true;
            return Ok(None);
        }
        let mut draft = Draft::new(&self.source);
        let start = self.text.offset;
        if start == 0 {
            for (name, why) in std::mem::take(&mut self.refused) {
                draft.problems.at(&self.source.label, format!("entry {name}"), why);
            }
            if self.survey.shape.is_none() {
                draft.problems.at(&self.source.label, "", "holds no message");
            }
            if self.survey.open && self.known == 0 {
                let what =
                    "cannot tell days from months by the dates; days are taken to come first";
                draft.problems.at(&self.source.label, "", what);
            }
        }
        let mut buffer = Vec::new();
        let mut position = None;
        // A batch ends where a message begins: only there is a position.
        while !(self.done || draft.is_full() && position.is_some()) {
            position = self.line(&mut buffer, &mut draft)?;
            draft.bytes = self.text.offset - start;
        }
        if self.done {
            position = Some(self.position(self.text.offset));
        }
        let progress = position
            .map(|position| Progress { source: format!("{NAME}:{}", self.source.label), position });
        Ok(Some(draft.finish(&self.source.label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let total = self.survey.bytes.saturating_sub(self.known);
        let done = if self.done { total } else { self.text.offset.saturating_sub(self.known) };
        Estimate { total, done: done.min(total), unit: Unit::Bytes }
    }
}
