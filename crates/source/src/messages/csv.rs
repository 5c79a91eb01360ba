//! Chats as CSV: one row per message, columns by the names of a mapping.

use std::borrow::Cow;
use std::path::Path;

use csv::{Position, ReaderBuilder, StringRecord};
use fs_err::File;
use lichen_model::{Batch, Message, Progress, Role, Stream, StreamKind};

use super::lines::Lines;
use super::mapping::Field;
use super::parts::{self, Draft, Meta, Seen};
use super::{Format, Source, time};
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

/// The messages of a file, batch by batch.
pub struct Reader {
    source: Source,
    /// Tells whether the file is still the same; the rows are read by `rows`.
    lines: Lines,
    rows: csv::Reader<File>,
    header: StringRecord,
    columns: [Option<usize>; Field::ALL.len()],
    stem: String,
    seen: Seen,
    start: u64,
    done: bool,
}

impl Reader {
    /// Opens a file; rows before the position are read again for their ids alone.
    pub fn open(source: Source) -> Result<Self> {
        let lines = Lines::open(&source.path, source.position.as_deref(), source.line_bytes_max)?;
        let start = lines.at.offset;
        let mut rows = ReaderBuilder::new()
            .delimiter(delimiter(&source.path)?)
            .flexible(true)
            .from_reader(File::open(&source.path).map_err(Error::ReadFile)?);
        let header = rows.byte_headers().map_err(failed)?.clone();
        let header = StringRecord::from_byte_record_lossy(header);
        let names: Vec<_> = header.iter().map(str::trim).collect();
        let columns = Field::ALL.map(|field| {
            let path = source.mapping.path(field);
            names.iter().position(|name| name.eq_ignore_ascii_case(path))
        });
        for field in [Field::Text, Field::Time] {
            if columns[field.place()].is_none() && !header.is_empty() {
                return Err(Error::Column {
                    path: source.path.clone(),
                    field: field.name(),
                    column: source.mapping.path(field).to_owned(),
                    columns: names.join("`, `"),
                });
            }
        }
        let stem = source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let seen = Seen::default();
        Ok(Self { source, lines, rows, header, columns, stem, seen, start, done: false })
    }

    fn row(&mut self, row: &StringRecord, line: u64, known: bool, draft: &mut Draft) {
        let get = |field: Field| {
            let place = self.columns[field.place()]?;
            row.get(place).filter(|cell| !cell.is_empty())
        };
        let name = get(Field::Stream).unwrap_or(&self.stem).to_owned();
        let stream = Stream::id(NAME, &name);
        let (author, text) = (get(Field::Author).unwrap_or_default(), get(Field::Text));
        let sent = get(Field::Time).and_then(time::parse);
        let at = sent.unwrap_or_default().at;
        let text = &*self.source.redact(Cow::Borrowed(text.unwrap_or_default()));
        let external = get(Field::Id).unwrap_or_default();
        let id = if external.is_empty() {
            let key = parts::key(&(stream.as_u128(), author, text, at));
            let nth = self.seen.equals.entry(key).or_default();
            *nth += 1;
            Message::id_by_content(stream, author, text, *nth - 1, at)
        } else {
            let id = Message::id(stream, external, at);
            self.seen.ids.insert(parts::key(&(stream.as_u128(), external)), id);
            id
        };
        if known {
            return;
        }
        if sent.is_none() {
            let what = "has no time that can be read; taken as 1970";
            draft.problems.line(&self.source.label, line, what);
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
                meta.text(self.source.mapping.path(Field::ReplyTo), to);
            }
            found
        });
        let title = get(Field::Title).unwrap_or_default();
        draft.stream(stream, || Stream {
            id: stream,
            source: NAME.to_owned(),
            name,
            kind: StreamKind::Chat,
            title: title.to_owned(),
        });
        draft.push(Message {
            id,
            stream,
            external_id: external.to_owned(),
            author: author.to_owned(),
            role: Role::User,
            sent: sent.unwrap_or_default(),
            text: text.to_owned(),
            tokens: 0,
            reply_to,
            replaces: None,
            tool_calls: Vec::new(),
            meta: meta.finish(),
        });
    }
}

/// The sign that stands most often in the first line.
fn delimiter(path: &Path) -> Result<u8> {
    use std::io::{BufRead as _, BufReader, Read as _};
    let mut first = Vec::new();
    let file = File::open(path).map_err(Error::ReadFile)?.take(64 << 10);
    BufReader::new(file).read_until(b'\n', &mut first).map_err(Error::ReadFile)?;
    let count = |sign: u8| first.split(|&byte| byte == sign).count();
    Ok([b'\t', b';', b','].into_iter().max_by_key(|sign| count(*sign)).unwrap_or(b','))
}

fn failed(error: csv::Error) -> Error {
    Error::ReadFile(std::io::Error::other(error))
}

impl Read for Reader {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut draft = Draft::new(&self.source);
        let start = self.lines.at.offset;
        while !self.done && !draft.is_full() {
            let before: Position = self.rows.position().clone();
            let mut row = csv::ByteRecord::new();
            if !self.rows.read_byte_record(&mut row).map_err(failed)? {
                self.done = true;
                break;
            }
            let known = before.byte() < self.start;
            let line = before.line();
            self.row(&StringRecord::from_byte_record_lossy(row), line, known, &mut draft);
            if !known {
                self.lines.at.offset = self.rows.position().byte();
                self.lines.at.lines = self.rows.position().line();
                draft.bytes = self.lines.at.offset.saturating_sub(start);
            }
        }
        if self.lines.at.offset == start {
            return Ok(None);
        }
        let position = self.lines.position("")?;
        let progress = Progress { source: format!("{NAME}:{}", self.source.label), position };
        Ok(Some(draft.finish(&self.source.label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let total = self.lines.len().saturating_sub(self.start);
        let done = self.lines.at.offset.saturating_sub(self.start).min(total);
        Estimate { total, done, unit: Unit::Bytes }
    }
}
