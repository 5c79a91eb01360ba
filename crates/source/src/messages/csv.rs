//! Chats as CSV: one row per message, columns by the names of a mapping.

use std::borrow::Cow;

use lichen_model::{Batch, Message, Progress, Role, Stream, StreamKind, Tag, ToolCall};
use serde_json::value::RawValue;

use super::lines::{LINE_BYTES_MAX, Line, Lines};
use super::mapping::Field;
use super::parts::{self, Draft, Meta, Seen};
use super::{Format, Source, jsonl, time};
use crate::{Error, Estimate, Read, Result, Unit};

/// The name of the format.
pub const NAME: &str = "csv";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff: |path, head| {
        let named = path.extension().is_some_and(|name| name == "csv" || name == "tsv");
        named && !head.is_empty() && !head.contains(&0)
    },
    open: |source| Ok(Box::new(Reader::open(source.clone())?)),
    discover: None,
};

/// After the length of a file whose last row was read without an end.
const TAKEN: &str = "+";

/// The messages of a file, batch by batch.
pub struct Reader {
    source: Source,
    rows: Rows,
    header: Vec<String>,
    columns: [Option<usize>; Field::ALL.len()],
    stem: String,
    /// Who speaks: the first message decides, as in JSON lines.
    kind: Option<StreamKind>,
    seen: Seen,
    /// Where the last reading stopped.
    start: u64,
    lines_before: u64,
    /// Bytes of the file.
    len: u64,
    /// The file ended in a row without an end when it was read before, and has not grown since: the row is whole.
    settled: bool,
    /// Where the last batch stopped.
    told: u64,
    /// What goes with the position where the file ends in such a row: its length, and [`TAKEN`] once it was read. The
    /// position stays before the row, so that one that grows after all is read again.
    unended: String,
    done: bool,
}

impl Reader {
    /// Opens a file; rows before the position are read again for their ids alone.
    pub fn open(source: Source) -> Result<Self> {
        let limit = source.line_bytes_max;
        let lines = Lines::of(&source)?;
        let (start, len, lines_before) = (lines.at.offset, lines.len(), lines.at.lines);
        let settled = start > 0 && lines.at.extra == len.to_string();
        let taken = start > 0 && lines.at.extra == format!("{len}{TAKEN}");
        // What was read before ends where it ended then, whatever has been appended.
        let end = if start == 0 { len } else { start };
        let lines = lines.told_before(end)?;
        let mut rows = Rows {
            lines,
            delimiter: b',',
            cells: 0,
            time: None,
            limit: if limit == 0 { LINE_BYTES_MAX } else { limit },
            settled: false,
        };
        let mut raw = Vec::new();
        let first = rows.lines.next(&mut raw)?;
        if first == Some(Line::Unended) {
            rows.lines.unread();
        }
        rows.delimiter = delimiter(&raw);
        let header = parse(&raw, rows.delimiter).into_iter().next().unwrap_or_default();
        let header: Vec<_> =
            header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let columns = Field::ALL.map(|field| {
            let path = source.mapping.path(field);
            header.iter().position(|name| name.eq_ignore_ascii_case(path))
        });
        for field in [Field::Text, Field::Time] {
            if columns[field.place()].is_none() && len > 0 {
                return Err(Error::Column {
                    path: source.path.clone(),
                    field: field.name(),
                    column: source.mapping.path(field).to_owned(),
                    columns: header.join("`, `"),
                });
            }
        }
        (rows.cells, rows.time) = (header.len(), columns[Field::Time.place()]);
        let stem = source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (seen, done) = (Seen::default(), taken || first != Some(Line::Read));
        Ok(Self {
            source,
            rows,
            header,
            columns,
            stem,
            kind: None,
            seen,
            start,
            lines_before,
            len,
            settled,
            told: start,
            unended: String::new(),
            done,
        })
    }

    fn row(&mut self, row: &[String], line: u64, known: bool, draft: &mut Draft) {
        let label = &self.source.label;
        let cell = |field: Field| row.get(self.columns[field.place()]?).map(String::as_str);
        let get = |field: Field| cell(field).filter(|cell| !cell.is_empty());
        let name = |field: Field| self.source.mapping.path(field);
        let (text, tools) = (cell(Field::Text), get(Field::Tools));
        if text.is_none() && tools.is_none() {
            if !known {
                let what = format!("has no text under `{}`; skipped", name(Field::Text));
                draft.problems.line(label, line, what);
            }
            return;
        }
        let role = get(Field::Role);
        let agent = role.is_some() || tools.is_some();
        let kind =
            *self.kind.get_or_insert(if agent { StreamKind::Agent } else { StreamKind::Chat });
        let stream_name = get(Field::Stream).unwrap_or(&self.stem);
        let stream = Stream::id(NAME, stream_name);
        let (author, text) = (get(Field::Author).unwrap_or_default(), text.unwrap_or_default());
        let sent = get(Field::Time).and_then(time::parse);
        let at = sent.unwrap_or_default().at;
        let text = &*self.source.redact(Cow::Borrowed(text));
        let external = get(Field::Id).unwrap_or_default();
        let id = if external.is_empty() {
            let key = parts::key(&(stream.as_u128(), author, text, at));
            let nth = self.seen.equals.entry(key).or_default();
            *nth += 1;
            Message::id_by_content(stream, author, text, *nth - 1, at)
        } else {
            Message::id(stream, external, at)
        };
        let before = if external.is_empty() {
            None
        } else {
            self.seen.ids.insert(parts::key(&(stream.as_u128(), external)), id)
        };
        if known {
            return;
        }
        if before == Some(id) {
            let what = format!("id came before at the same time: `{external}`; skipped");
            draft.problems.line(label, line, what);
            return;
        }
        if sent.is_none() {
            let what = "has no time that can be read; taken as 1970";
            draft.problems.line(label, line, what);
        }
        let mut meta = Meta::default();
        for (place, (column, cell)) in self.header.iter().zip(row).enumerate() {
            if !self.columns.contains(&Some(place)) && !cell.is_empty() {
                meta.text(column, cell);
            }
        }
        let reply_to = get(Field::ReplyTo).and_then(|to| {
            let found = self.seen.ids.get(&parts::key(&(stream.as_u128(), to))).copied();
            if found.is_none() {
                meta.text(name(Field::ReplyTo), to);
            }
            found
        });
        let known_role = role.and_then(jsonl::parse_role);
        if let (Some(role), None) = (role, known_role) {
            meta.text(name(Field::Role), role);
        }
        let tool_calls = tools.map(|cell| tool_calls(id, cell)).unwrap_or_default();
        if let (Some(tools), true) = (tools, tool_calls.is_empty()) {
            meta.text(name(Field::Tools), tools);
        }
        let names = get(Field::Tags).map(tags).unwrap_or_default();
        draft.tags.extend(names.into_iter().map(|name| Tag { thing: id.any(), name }));
        let entry = draft.stream(stream, || Stream {
            id: stream,
            source: NAME.to_owned(),
            name: stream_name.to_owned(),
            kind,
            title: String::new(),
        });
        if let Some(title) = get(Field::Title) {
            title.clone_into(&mut entry.title);
        }
        draft.push(Message {
            id,
            stream,
            external_id: external.to_owned(),
            author: author.to_owned(),
            role: known_role.unwrap_or(Role::User),
            sent: sent.unwrap_or_default(),
            text: text.to_owned(),
            tokens: 0,
            reply_to,
            replaces: None,
            tool_calls,
            meta: meta.finish(),
        });
    }
}

/// The tool calls of a cell that holds them as JSON.
fn tool_calls(message: lichen_model::MessageId, cell: &str) -> Vec<ToolCall> {
    let raw = serde_json::from_str::<&RawValue>(cell);
    raw.map(|raw| jsonl::tool_calls(message, raw)).unwrap_or_default()
}

/// The labels of a cell: a JSON array, or words between commas.
fn tags(cell: &str) -> Vec<String> {
    let array = cell.starts_with('[').then(|| serde_json::from_str::<&RawValue>(cell).ok());
    let names: Vec<_> = match array.flatten() {
        Some(raw) => jsonl::strings(raw),
        None => cell.split(',').map(Into::into).collect(),
    };
    let names = names.into_iter().map(|name| name.trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// The rows of a file, each of which may stretch over lines.
struct Rows {
    lines: Lines,
    delimiter: u8,
    /// Columns of the header, and which of them tells the time: what a row that is one looks like.
    cells: usize,
    time: Option<usize>,
    /// Longest row that is read, in bytes.
    limit: usize,
    /// Whether a row is whole without a line's end.
    settled: bool,
}

/// What stands where a row should.
enum Row {
    /// The row's bytes, and the line it starts in.
    Read(Vec<u8>, u64),
    /// It was passed over.
    Damaged(&'static str, u64),
    /// The file ends in it: the position stays before it.
    Unended(u64),
    /// So it does, but it is whole.
    Last(Vec<u8>, u64),
}

impl Rows {
    fn next(&mut self) -> Result<Option<Row>> {
        let (mut row, mut buffer, mut quotes) = (Vec::new(), Vec::new(), Quotes::Start);
        let mut broken = false;
        let before = (self.lines.at.offset, self.lines.at.lines);
        let mut second = None;
        let first = before.1 + 1;
        loop {
            let line = self.lines.next(&mut buffer)?;
            match line {
                None if row.is_empty() => return Ok(None),
                Some(Line::TooLong) if second.is_none() => {
                    return Ok(Some(Row::Damaged("is longer than the limit; skipped", first)));
                }
                None | Some(Line::TooLong) => {}
                Some(Line::Read | Line::Unended) => {
                    row.extend_from_slice(&buffer);
                    row.push(b'\n');
                    quotes = quotes.after(&buffer, self.delimiter, &mut broken);
                }
            }
            let after = (self.lines.at.offset, self.lines.at.lines);
            let is_open = quotes == Quotes::Open;
            // A quote that was never closed has met the first one of a later row.
            if let (Some(second), true, false) = (second, broken, is_open)
                && self.holds_rows(&row)
            {
                self.go_on_at(second)?;
                return Ok(Some(Row::Damaged("has a quote that is never closed; skipped", first)));
            }
            if line == Some(Line::Read) && !is_open && row.len() <= self.limit {
                return Ok(Some(Row::Read(row, first)));
            }
            // A last cell in quotes is whole, also without a line's end.
            if line == Some(Line::Unended) && quotes == Quotes::Closed && self.is_row(&row) {
                return Ok(Some(Row::Read(row, first)));
            }
            let is_end = matches!(line, None | Some(Line::Unended));
            let too_long = row.len() > self.limit || line == Some(Line::TooLong);
            if too_long || (is_end && is_open && self.holds_rows(&row)) {
                // The quote is a stray one: what follows its line are rows again.
                self.go_on_at(second.unwrap_or(after))?;
                return Ok(Some(Row::Damaged("has a quote that is never closed; skipped", first)));
            }
            if is_end {
                let last = self.settled && self.is_row(&row);
                self.go_on_at(before)?;
                return Ok(Some(if last { Row::Last(row, first) } else { Row::Unended(first) }));
            }
            second.get_or_insert(after);
        }
    }

    fn go_on_at(&mut self, place: (u64, u64)) -> Result<()> {
        self.until(self.lines.len(), place)
    }

    fn until(&mut self, end: u64, (offset, lines): (u64, u64)) -> Result<()> {
        self.lines = self.lines.between(offset, end)?;
        self.lines.at.lines = lines;
        Ok(())
    }

    /// Whether the lines after the first look like rows of their own.
    fn holds_rows(&self, row: &[u8]) -> bool {
        row.split(|&byte| byte == b'\n').skip(1).any(|line| self.is_row(line))
    }

    fn is_row(&self, line: &[u8]) -> bool {
        parse(line, self.delimiter).first().is_some_and(|row| {
            let time = self.time.and_then(|place| row.get(place));
            let time = time.and_then(|cell| std::str::from_utf8(cell).ok());
            row.len() == self.cells && time.and_then(time::parse).is_some()
        })
    }
}

/// Where in a cell a line ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Start,
    Plain,
    Open,
    Closed,
}

impl Quotes {
    /// Where the next line ends; also tells whether text came right after a closing quote.
    fn after(self, line: &[u8], delimiter: u8, broken: &mut bool) -> Self {
        // Between two lines stands a line's end, which is text where a quote is open.
        let start = if self == Self::Open { Self::Open } else { Self::Start };
        line.iter().fold(start, |quotes, &byte| match (quotes, byte) {
            (Self::Open, b'"') => Self::Closed,
            (Self::Open, _) => Self::Open,
            (Self::Start | Self::Closed, b'"') => Self::Open,
            (Self::Closed, b'\r') => Self::Closed,
            (_, b'\r') => Self::Start,
            (_, byte) if byte == delimiter => Self::Start,
            _ => {
                *broken |= quotes == Self::Closed;
                Self::Plain
            }
        })
    }
}

/// The cells of the rows in `raw`; more than one row where lines end in a carriage return alone.
fn parse(raw: &[u8], delimiter: u8) -> Vec<Vec<Vec<u8>>> {
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(raw);
    let cells = |row: csv::ByteRecord| row.iter().map(<[u8]>::to_vec).collect();
    rows.byte_records().map_while(Result::ok).map(cells).collect()
}

/// The sign that stands most often in the first line.
fn delimiter(first: &[u8]) -> u8 {
    let count = |sign: u8| first.split(|&byte| byte == sign).count();
    [b'\t', b';', b','].into_iter().max_by_key(|sign| count(*sign)).unwrap_or(b',')
}

impl Read for Reader {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut draft = Draft::new(&self.source);
        let start = self.told;
        while !self.done && !draft.is_full() {
            let known = self.rows.lines.len() < self.len;
            let next = match self.rows.next()? {
                None | Some(Row::Unended(_)) if known => {
                    self.rows.until(self.len, (self.start, self.lines_before))?;
                    self.rows.settled = self.settled;
                    continue;
                }
                None => {
                    self.done = true;
                    break;
                }
                Some(next) => next,
            };
            let label = &self.source.label;
            if matches!(next, Row::Last(..)) {
                self.unended = format!("{}{TAKEN}", self.len);
                self.done = true;
            }
            match next {
                Row::Read(raw, line) | Row::Last(raw, line) => {
                    let mut is_utf8 = true;
                    for row in parse(&raw, self.rows.delimiter) {
                        let cells = row.into_iter().map(|cell| {
                            String::from_utf8(cell).unwrap_or_else(|error| {
                                is_utf8 = false;
                                String::from_utf8_lossy(error.as_bytes()).into_owned()
                            })
                        });
                        self.row(&cells.collect::<Vec<_>>(), line, known, &mut draft);
                    }
                    if !is_utf8 && !known {
                        let what = "is not UTF-8; unreadable bytes were replaced";
                        draft.problems.line(&self.source.label, line, what);
                    }
                }
                Row::Damaged(what, line) if !known => draft.problems.line(label, line, what),
                Row::Damaged(..) => {}
                Row::Unended(line) => {
                    // Told once of what will not become a row.
                    if !self.settled {
                        let what = "has no end yet; it is read once it has one, or no longer grows";
                        draft.problems.line(label, line, what);
                        self.unended = self.len.to_string();
                    }
                    self.done = true;
                    break;
                }
            }
            draft.bytes = self.rows.lines.at.offset.saturating_sub(start);
        }
        let unended = std::mem::take(&mut self.unended);
        if self.rows.lines.at.offset <= start && unended.is_empty() {
            return Ok(None);
        }
        self.told = self.rows.lines.at.offset;
        let position = self.rows.lines.position(&unended)?;
        let progress = Progress { source: format!("{NAME}:{}", self.source.label), position };
        Ok(Some(draft.finish(&self.source.label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let total = self.len.saturating_sub(self.start);
        let done = self.rows.lines.at.offset.saturating_sub(self.start).min(total);
        Estimate { total, done, unit: Unit::Bytes }
    }
}
