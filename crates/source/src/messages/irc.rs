//! IRC logs, one stream per channel: as irssi, weechat, energymech (also mIRC and ZNC) write them.
//!
//! Their times are local and name no zone: they are taken as they stand, with an offset of 0. Dates come from marks in
//! the log, from the lines themselves or from the file's name. Joins, parts, quits, new nicks and modes are kept as
//! messages of the surroundings, but no passages are cut from them.

mod line;
mod name;

use std::borrow::Cow;
use std::path::Path;

use jiff::civil::Date;
use lichen_model::{
    Batch, Message, Progress, Role, Stream, StreamId, StreamKind, Timestamp, Zoned,
};

use super::lines::{Line, Lines};
use super::parts::{self, Draft, Meta, Seen};
use super::{Format, Source};
use crate::{Estimate, Read, Result, Unit};

use line::{Entry, Said, What};

/// The name of the format.
pub const NAME: &str = "irc";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| Ok(Box::new(Reader::open(source.clone())?)),
    discover: None,
};

/// Lines that are looked at to tell the format.
const SNIFF_LINES: usize = 40;
/// A clock that goes back by more than this has passed midnight.
const MIDNIGHT_SECS: i64 = 12 * 3600;

/// The first line, and four of five that follow, are of a log.
fn sniff(_: &Path, head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let whole = &head[..head.iter().rposition(|&byte| byte == b'\n').unwrap_or(head.len())];
    let lines: Vec<_> = whole
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .take(SNIFF_LINES)
        .collect();
    let of_a_log = |line: &&&[u8]| line::parse(&text(line)).is_some();
    lines.first().is_some_and(|first| of_a_log(&first))
        && lines.iter().filter(of_a_log).count() * 5 >= lines.len() * 4
}

/// The messages of a log, batch by batch.
pub struct Reader {
    source: Source,
    lines: Lines,
    name: String,
    stream: StreamId,
    time: Time,
    seen: Seen,
    start: u64,
    done: bool,
}

/// Where the log's clock stands.
#[derive(Clone, Debug, Default)]
struct Time {
    date: Option<Date>,
    secs: i64,
    /// Where the first message of this second stands: equal ones are told apart by their number in it.
    since: u64,
}

impl Time {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        Some(Self {
            date: words.next()?.parse().ok(),
            secs: words.next()?.parse().ok()?,
            since: words.next()?.parse().ok()?,
        })
    }

    fn to_text(&self) -> String {
        let date = self.date.map_or_else(|| "-".to_owned(), |date| date.to_string());
        format!("{date} {} {}", self.secs, self.since)
    }

    /// A line's time; a clock that went back has passed midnight. `offset` is where the line starts.
    fn advance(&mut self, date: Option<Date>, secs: i64, offset: u64) -> (Option<Zoned>, bool) {
        let before = (self.date, self.secs);
        if date.is_some() {
            self.date = date;
        } else if self.secs - secs > MIDNIGHT_SECS {
            self.date = self.date.and_then(|date| date.tomorrow().ok());
        }
        self.secs = secs;
        let same = before == (self.date, secs);
        if !same {
            self.since = offset;
        }
        (self.date.map(|date| zoned(date, secs)), same)
    }
}

fn zoned(date: Date, secs: i64) -> Zoned {
    let midnight =
        jiff::tz::Offset::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
    let at = midnight.map_or(0, jiff::Timestamp::as_millisecond) + secs * 1000;
    Zoned { at: Timestamp(at), offset_minutes: 0 }
}

impl Reader {
    /// Opens a log where the last reading stopped.
    pub fn open(source: Source) -> Result<Self> {
        let lines = Lines::of(&source)?;
        let start = lines.at.offset;
        let name = name::stream(&source.path);
        let time = Time::parse(&lines.at.extra)
            .filter(|_| start > 0)
            .unwrap_or_else(|| Time { date: name::date(&source.path), ..Time::default() });
        let mut reader = Self {
            stream: Stream::id(NAME, &name),
            source,
            lines,
            name,
            time,
            seen: Seen::default(),
            start,
            done: false,
        };
        reader.read_before()?;
        Ok(reader)
    }

    /// Reads the messages of the last second again, for how many equal ones it had.
    fn read_before(&mut self) -> Result<()> {
        if self.start == 0 {
            return Ok(());
        }
        let mut lines = self.lines.between(self.time.since, self.start)?;
        let mut buffer = Vec::new();
        while let Some(line) = lines.next(&mut buffer)? {
            if line == Line::Read
                && let Some(Entry::Said { said, .. }) = line::parse(&text(&buffer))
            {
                self.nth(&said);
            }
        }
        Ok(())
    }

    /// How many equal messages came before in this second.
    fn nth(&mut self, said: &Said) -> u32 {
        let count = self.seen.equals.entry(parts::key(&(&said.author, &said.text))).or_default();
        *count += 1;
        *count - 1
    }

    fn message(
        &mut self,
        date: Option<Date>,
        secs: i64,
        utc: bool,
        mut said: Said,
        draft: &mut Draft,
        offset: u64,
    ) {
        said.text = self.source.redact(said.text.into()).into_owned();
        let (sent, same) = self.time.advance(date, secs, offset);
        if !same {
            self.seen.equals.clear();
        }
        if sent.is_none() {
            draft.problems.line(
                &self.source.label,
                self.lines.at.lines,
                "has no date, and neither has the log before it nor the file's name; taken as 1970",
            );
        }
        let nth = self.nth(&said);
        let sent = sent.unwrap_or_else(|| zoned(Date::constant(1970, 1, 1), secs));
        let mut meta = Meta::default();
        if !said.mode.is_empty() {
            meta.text("mode", said.mode);
        }
        let role = match said.what {
            What::Text => Role::User,
            What::Action => {
                meta.raw("action", "true");
                Role::User
            }
            What::Notice => {
                meta.raw("notice", "true");
                Role::User
            }
            What::Event(event) => {
                meta.text("event", event);
                Role::System
            }
        };
        if utc {
            meta.text("zone", "UTC");
        }
        let stream = self.stream;
        let name = &self.name;
        draft.stream(stream, || Stream {
            id: stream,
            source: NAME.to_owned(),
            name: name.clone(),
            kind: StreamKind::Chat,
            title: String::new(),
        });
        let silent = said.is_silent().then_some(0..said.text.len());
        let message = Message {
            id: Message::id_by_content(stream, &said.author, &said.text, nth, sent.at),
            stream,
            external_id: String::new(),
            author: said.author,
            role,
            sent,
            text: said.text,
            tokens: 0,
            reply_to: None,
            replaces: None,
            tool_calls: Vec::new(),
            meta: meta.finish(),
        };
        draft.push_but(message, silent.into_iter().collect());
    }
}

/// A line as text: UTF-8, or what clients sent before it.
fn text(line: &[u8]) -> Cow<'_, str> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(line).0,
    }
}

impl Read for Reader {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut draft = Draft::new(&self.source);
        let mut buffer = Vec::new();
        let start = self.lines.at.offset;
        while !self.done && !draft.is_full() {
            let offset = self.lines.at.offset;
            let Some(line) = self.lines.next(&mut buffer)? else {
                self.done = true;
                break;
            };
            draft.bytes = self.lines.at.offset - start;
            let number = self.lines.at.lines;
            let bytes = match number {
                1 => buffer.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&buffer),
                _ => &buffer,
            };
            let label = &self.source.label;
            match line {
                // A client writes a line with its end: without one it is half a line.
                Line::Unended => {
                    if !bytes.trim_ascii().is_empty() {
                        let what = "has no line end yet; it is read once it has";
                        draft.problems.line(label, number, what);
                    }
                    self.lines.unread();
                    self.done = true;
                    break;
                }
                Line::TooLong => {
                    draft.problems.line(label, number, "is longer than the limit; skipped");
                    continue;
                }
                Line::Read if bytes.trim_ascii().is_empty() => continue,
                Line::Read => {}
            }
            let text = text(bytes);
            if matches!(text, Cow::Owned(_)) {
                draft.problems.line(label, number, "is not UTF-8; read as Windows-1252");
            }
            match line::parse(&text) {
                Some(Entry::Date(date)) => {
                    self.time = Time { date: Some(date), secs: 0, since: offset };
                    self.seen.equals.clear();
                }
                Some(Entry::Mark) => {}
                Some(Entry::BadDate) => {
                    draft.problems.line(label, number, "has a date that cannot be read; skipped");
                }
                Some(Entry::Said { date, secs, utc, said }) => {
                    self.message(date, secs, utc, said, &mut draft, offset);
                }
                None => draft.problems.line(label, number, "is no line of an IRC log; skipped"),
            }
        }
        if self.lines.at.offset == start {
            return Ok(None);
        }
        let position = self.lines.position(&self.time.to_text())?;
        let progress = Progress { source: format!("{NAME}:{}", self.source.label), position };
        Ok(Some(draft.finish(&self.source.label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let total = self.lines.len().saturating_sub(self.start);
        Estimate { total, done: self.lines.at.offset - self.start, unit: Unit::Bytes }
    }
}
