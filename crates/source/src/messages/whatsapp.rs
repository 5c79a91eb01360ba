//! WhatsApp chats as phones export them: `_chat.txt` (iOS), `WhatsApp Chat with ….txt` (Android), or the archive that
//! holds one of them beside the media.
//!
//! Lines are written in the phone's language and do not tell their zone: local times are taken as UTC. Which number of
//! a date is the day, the dates of the whole file tell, so a file is read twice. Messages have no ids; they are known
//! by author, text and time. The exporter's own words are taken off where they are known (a mark of an edit, the
//! placeholder for media left out, the notice of a deletion), all other text is verbatim.

mod header;
mod order;
mod words;

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use fs_err::File;
use lichen_model::{
    Batch, Message, Progress, Role, Stream, StreamId, StreamKind, Timestamp, Zoned,
};

use super::parts::{self, Draft, Meta, Seen};
use super::references::{self, Attachment};
use super::{Format, Source};
use crate::zip_file::{self, ZipFile};
use crate::{Error, Estimate, Read, Result, Unit};

use header::{Header, Shape};
use order::{Dates, Order};

/// The name of the format.
pub const NAME: &str = "whatsapp";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| Ok(Box::new(Reader::open(source.clone())?)),
    discover: None,
};

/// Longest message that is read where a source sets no limit.
const MESSAGE_BYTES_MAX: usize = 32 << 20;
/// Shapes of headers that are told apart while the dates are gathered.
const SHAPES_MAX: usize = 256;

fn sniff(path: &Path, head: &[u8]) -> bool {
    if zip_file::is_zip(head) {
        let Ok(zip) = ZipFile::open(path) else { return false };
        let Some(entry) = chat_entry(&zip) else { return false };
        let mut head = Vec::new();
        let Ok(body) = zip.read(entry) else { return false };
        return body.take(super::HEAD_BYTES).read_to_end(&mut head).is_ok() && is_chat(&head);
    }
    zip_file::has_extension(&path.to_string_lossy(), "txt") && is_chat(head)
}

/// Whether a text begins with a message.
fn is_chat(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.and_then(Header::parse).is_some()
}

/// The chat of an archive.
fn chat_entry(zip: &ZipFile) -> Option<&zip_file::Entry> {
    let text = |entry: &&zip_file::Entry| zip_file::has_extension(&entry.name, "txt");
    let named = |entry: &&zip_file::Entry| {
        let name = entry.name.rsplit('/').next().unwrap_or_default();
        name == "_chat.txt" || name.to_lowercase().contains("whatsapp")
    };
    let mut texts = zip.entries.iter().filter(text);
    texts.clone().find(named).or_else(|| texts.next().filter(|_| texts.next().is_none()))
}

/// Where the text comes from.
enum Input {
    File,
    Zip(Box<ZipFile>, zip_file::Entry),
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

/// The lines of a text with their places.
struct Text {
    input: Box<dyn BufRead + Send>,
    limit: usize,
    /// Bytes and lines read.
    offset: u64,
    line: u64,
    hasher: blake3::Hasher,
}

enum Line {
    Read,
    TooLong,
    /// The rest cannot be read.
    Damaged(String),
}

impl Text {
    fn new(input: Box<dyn BufRead + Send>, limit: usize) -> Self {
        Self { input, limit, offset: 0, line: 0, hasher: blake3::Hasher::new() }
    }

    /// Reads a line without its end; the hash is brought up to date by [`taken`](Self::taken).
    fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Line>> {
        buffer.clear();
        match self.read(buffer) {
            Ok(line) => Ok(line),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Ok(Some(Line::Damaged(error.to_string())))
            }
            Err(error) => Err(Error::ReadFile(error)),
        }
    }

    fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<Line>> {
        let take = self.limit as u64 + 1;
        let mut read = (&mut self.input).take(take).read_until(b'\n', buffer)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.offset += read as u64;
        if buffer.len() <= self.limit || buffer.ends_with(b"\n") {
            return Ok(Some(Line::Read));
        }
        let mut rest = Vec::new();
        while read > 0 && !rest.ends_with(b"\n") {
            rest.clear();
            read = (&mut self.input).take(take).read_until(b'\n', &mut rest)?;
            self.offset += read as u64;
        }
        Ok(Some(Line::TooLong))
    }

    fn taken(&mut self, line: &[u8]) {
        self.hasher.update(line);
    }

    fn hash(&self) -> String {
        self.hasher.finalize().to_hex()[..32].to_owned()
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

/// What the first reading of a file finds.
struct Survey {
    shape: Option<Shape>,
    order: Order,
    /// Whether days cannot be told from months.
    open: bool,
    bytes: u64,
    /// Whether the text still begins with what the position has.
    same: bool,
}

fn survey(mut text: Text, position: Option<&Position>) -> Result<Survey> {
    let mut shapes: HashMap<Shape, (u64, u64, Dates)> = HashMap::new();
    let mut buffer = Vec::new();
    let mut same = false;
    while let Some(line) = text.next(&mut buffer)? {
        text.taken(&buffer);
        if let Line::Damaged(_) = line {
            break;
        }
        let line = String::from_utf8_lossy(&buffer);
        if let Some(header) = Header::parse(line.trim_end_matches(['\n', '\r']))
            && (shapes.len() < SHAPES_MAX || shapes.contains_key(&header.shape))
        {
            let entry = shapes.entry(header.shape).or_insert((0, text.line, Dates::default()));
            entry.0 += 1;
            entry.2.add(header.date);
        }
        same |= position.is_some_and(|at| at.offset == text.offset && at.hash == text.hash());
    }
    let most = shapes.iter().max_by_key(|(_, (count, first, _))| (*count, u64::MAX - first));
    let (order, open) = most.map_or((Order::DayMonth, false), |(shape, (_, _, dates))| {
        dates.decide(shape.year, shape.separator)
    });
    let shape = most.map(|(shape, _)| *shape);
    Ok(Survey { shape, order, open, bytes: text.offset, same })
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
pub struct Reader {
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
    pub fn open(source: Source) -> Result<Self> {
        let limit =
            if source.line_bytes_max == 0 { MESSAGE_BYTES_MAX } else { source.line_bytes_max };
        let mut head = Vec::new();
        let file = File::open(&source.path).map_err(Error::ReadFile)?;
        file.take(4).read_to_end(&mut head).map_err(Error::ReadFile)?;
        let (mut refused, mut input, mut inner) = (Vec::new(), Input::File, None);
        if zip_file::is_zip(&head) {
            let mut zip = ZipFile::open(&source.path)?;
            refused = std::mem::take(&mut zip.refused);
            let entry = chat_entry(&zip).cloned().ok_or_else(|| Error::Archive {
                path: source.path.clone(),
                what: "it holds no chat".to_owned(),
            })?;
            inner = Some(entry.name.clone());
            input = Input::Zip(Box::new(zip), entry);
        }
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
        let (author, text) = (said.author, said.text);
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
        let mut draft = Draft::default();
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

/// The chat's name by its file; that of an archive's inner file, where it tells one.
fn chat_name(path: &Path, inner: Option<&str>) -> String {
    /// What the phone's language puts before the name.
    const BEFORE: &[&str] = &[
        "WhatsApp Chat with ",
        "WhatsApp Chat - ",
        "WhatsApp Chat mit ",
        "WhatsApp-Chat mit ",
        "Chat de WhatsApp con ",
        "Chat WhatsApp con ",
        "Conversa do WhatsApp com ",
        "Conversa no WhatsApp com ",
        "Discussion WhatsApp avec ",
        "WhatsApp-chat met ",
        "WhatsApp Sohbeti - ",
        "Чат WhatsApp с ",
    ];
    let stem = |path: &Path| {
        path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
    };
    let folder = path.parent().map(|folder| {
        folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    });
    let names = [inner.map(|inner| stem(Path::new(inner))), Some(stem(path)), folder];
    let cleaned = |name: &String| {
        let name = name.trim();
        let numbered = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
        let name = numbered
            .filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()))
            .map_or(name, |(name, _)| name);
        let after = BEFORE.iter().find_map(|before| name.strip_prefix(before));
        after.filter(|after| !after.trim().is_empty()).map(|after| after.trim().to_owned())
    };
    let mut names = names.into_iter().flatten();
    let all: Vec<_> = names.by_ref().collect();
    let plain = all.iter().find(|name| !name.is_empty() && *name != "_chat");
    all.iter().find_map(cleaned).or_else(|| plain.cloned()).unwrap_or_else(|| "chat".to_owned())
}

/// The author before the first colon. Notices have none, but may quote text that holds a colon.
fn author_and_text(rest: &str) -> (&str, &str) {
    let colon = rest
        .char_indices()
        .find(|&(at, c)| c == ':' && rest[at + 1..].chars().next().is_none_or(char::is_whitespace));
    let Some((colon, _)) = colon else { return ("", rest) };
    let author = &rest[..colon];
    let opens = author.chars().filter(|c| "\"“«„「".contains(*c)).count();
    let closes = author.chars().filter(|c| "\"”»“」".contains(*c)).count();
    let quotes = author.matches('"').count() % 2 == 1 || opens > closes;
    if quotes || author.trim().is_empty() {
        return ("", rest);
    }
    let text = &rest[colon + 1..];
    (author, text.strip_prefix(' ').unwrap_or(text))
}

/// A name without marks of direction, with plain blanks.
fn clean_name(name: &str) -> String {
    let plain = name.chars().filter(|c| !words::is_mark(*c));
    let plain: String = plain.map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    plain.trim().to_owned()
}

struct Said<'a> {
    author: &'a str,
    role: Role,
    text: String,
    meta: Meta,
}

/// What a message's text tells besides itself.
fn said<'a>(author: &'a str, text: &str, input: &Input) -> Said<'a> {
    let text = text.trim_end_matches('\n');
    let mut meta = Meta::default();
    let said = |author, role, text: &str, meta| Said { author, role, text: text.to_owned(), meta };
    if author.is_empty() {
        return said("", Role::System, text.trim_start_matches(words::is_mark), meta);
    }
    if words::is_deleted(text) {
        meta.raw("deleted", "true");
        return said(author, Role::User, "", meta);
    }
    let (text, edited) = match words::before_edit_mark(text) {
        Some(before) => (before, true),
        None => (text, false),
    };
    if edited {
        meta.raw("edited", "true");
    }
    if let Some(kind) = words::omitted(text) {
        let kind = (!kind.is_empty()).then(|| kind.to_owned());
        references::list(&mut meta, "attachments", &[Attachment { kind, ..Attachment::default() }]);
        return said(author, Role::User, "", meta);
    }
    let attached: Vec<_> =
        text.lines().filter_map(words::attached).map(|name| input.attachment(name)).collect();
    references::list(&mut meta, "attachments", &attached);
    // Notices of iOS stand under the chat's own name; they are one line that begins with a mark. Polls are longer.
    let notice = text.starts_with('\u{200e}')
        && attached.is_empty()
        && !text.contains('\n')
        && !text.contains("://");
    if notice {
        return said("", Role::System, text.trim_start_matches(words::is_mark), meta);
    }
    said(author, Role::User, text, meta)
}
