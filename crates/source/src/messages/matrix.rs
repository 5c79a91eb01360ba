//! Matrix rooms as Element exports them to JSON: the file, or the archive that holds it beside the attachments.
//!
//! A room is a stream. Events tell their senders by id and what others think of them by events of their own, so a file
//! is read twice: for the names that members gave themselves and for reactions, then for what was said.

mod event;

use std::collections::HashMap;
use std::io::BufRead;

use lichen_model::{MessageId, Stream, StreamKind, Zoned};

use super::json_stream::{Begin, Fault, JsonStream, Next, names};
use super::packed::{Packed, Part};
use super::parts::{self, Draft};
use super::record::{Record, utf8};
use super::whole::{self, Export};
use super::{Format, Source};
use crate::Result;

/// The name of the format.
pub const NAME: &str = "matrix";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff: |path, head| PACKED.sniff(path, head),
    open: |source| PACKED.open(source, &source.path),
    discover: None,
};

static PACKED: Packed = Packed {
    name: NAME,
    is_export: |head| {
        let seen = names(head);
        let has = |key: &str| seen.iter().any(|seen| seen == key);
        has("room_name") && has("messages") && (has("exported_by") || has("export_date"))
    },
    begin: |source, part| Ok(Box::new(Matrix::open(source, part)?)),
};

/// What is being read.
struct Matrix {
    source: Source,
    label: String,
    events: Events,
    room: Room,
    count: u64,
    ended: bool,
    buffer: Vec<u8>,
}

/// What the events of a room tell of each other.
#[derive(Default)]
struct Room {
    /// Its id; of a file that does not tell it, the file's name.
    id: String,
    name: String,
    /// The last name that each member gave themselves, by their id.
    members: HashMap<String, String>,
    /// Of each event, the signs and who gave them, in order.
    reactions: HashMap<u64, Vec<(String, String)>>,
    /// Events that have been read: their messages, and when they were sent.
    seen: HashMap<u64, (MessageId, Zoned)>,
}

impl Room {
    fn stream(&self) -> Stream {
        Stream {
            id: Stream::id(NAME, &self.id),
            source: NAME.to_owned(),
            name: self.id.clone(),
            kind: StreamKind::Chat,
            title: self.name.clone(),
        }
    }

    fn name_of(&self, id: &str) -> String {
        self.members.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// Takes note of what an event tells about others.
    fn learn(&mut self, record: &Record<'_>, id_from_file: &mut bool) {
        if let Some(room) = record.owned("room_id").filter(|_| *id_from_file) {
            self.id = room;
            *id_from_file = false;
        }
        let Some(content) = record.record("content") else { return };
        match record.text("type").as_deref() {
            Some("m.room.member") => {
                let name = content.owned("displayname");
                if let (Some(member), Some(name)) = (record.owned("state_key"), name) {
                    self.members.insert(member, name);
                }
            }
            Some("m.reaction") => {
                let relation = content.record("m.relates_to");
                let told = |name: &str| relation.as_ref().and_then(|record| record.owned(name));
                if let (Some(to), Some(sign)) = (told("event_id"), told("key")) {
                    let by = record.owned("sender").unwrap_or_default();
                    self.reactions.entry(parts::key(&to)).or_default().push((sign, by));
                }
            }
            _ => {}
        }
    }
}

/// The events of a file one by one, and its other values.
struct Events {
    stream: JsonStream<Box<dyn BufRead + Send>>,
    started: bool,
    in_messages: bool,
}

/// What stands in a file.
enum Told {
    /// An event is in the buffer, unless it is longer than the limit.
    Event(bool),
    /// The room's name is in the buffer.
    Name,
    Nothing,
    End,
}

impl Events {
    fn new(input: Box<dyn BufRead + Send>, limit: usize) -> Self {
        Self { stream: JsonStream::new(input, limit), started: false, in_messages: false }
    }

    fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Told, Fault> {
        if !self.started {
            self.started = true;
            self.stream.enter()?;
        }
        let next = self.stream.next()?;
        if self.in_messages {
            if next == Next::End {
                self.in_messages = false;
                return Ok(Told::Nothing);
            }
            return Ok(Told::Event(self.stream.value(buffer)?));
        }
        let Next::Key(key) = next else { return Ok(Told::End) };
        match (key.as_str(), self.stream.begin()?) {
            ("messages", Begin::Array) => {
                self.stream.enter()?;
                self.in_messages = true;
                Ok(Told::Nothing)
            }
            ("room_name", Begin::Scalar) if self.stream.value(buffer)? => Ok(Told::Name),
            ("room_name", Begin::Scalar) => Ok(Told::Nothing),
            _ => self.stream.skip().map(|()| Told::Nothing),
        }
    }
}

impl Matrix {
    fn open(source: &Source, part: &Part) -> Result<Self> {
        let limit = whole::value_bytes_max(source);
        let mut matrix = Self {
            source: source.clone(),
            label: part.label.clone(),
            events: Events::new(part.open()?, limit),
            room: Room { id: part.stem.clone(), ..Room::default() },
            count: 0,
            ended: false,
            buffer: Vec::new(),
        };
        let mut id_from_file = true;
        loop {
            let told = matrix.events.next(&mut matrix.buffer);
            match told {
                Ok(Told::End) => break,
                Ok(Told::Nothing | Told::Event(false)) => {}
                Ok(Told::Name) => {
                    matrix.room.name = serde_json::from_slice(&matrix.buffer).unwrap_or_default();
                }
                Ok(Told::Event(true)) => {
                    if let Ok(record) = Record::parse(&utf8(&matrix.buffer).0) {
                        matrix.room.learn(&record, &mut id_from_file);
                    }
                }
                // The second reading meets it again, and tells it where it stands.
                Err(fault) => {
                    whole::told(fault)?;
                    break;
                }
            }
        }
        matrix.events = Events::new(part.open()?, limit);
        Ok(matrix)
    }

    fn event(&mut self, fits: bool, draft: &mut Draft) {
        self.count += 1;
        let place = format!("event {}", self.count);
        let (text, whole) = utf8(&self.buffer);
        if !whole {
            let what = "is not UTF-8; unreadable bytes were replaced";
            draft.problems.at(&self.label, place.clone(), what);
        }
        let read = if fits {
            event::read(&self.source, &mut self.room, &text)
        } else {
            Err("is longer than the limit; skipped".to_owned())
        };
        match read {
            Ok(Some((message, quoted))) => {
                let stream = self.room.stream();
                draft.stream(stream.id, || stream);
                draft.push_but(message, quoted);
            }
            Ok(None) => {}
            Err(what) => draft.problems.at(&self.label, place, what),
        }
    }
}

impl Export for Matrix {
    fn step(&mut self, draft: &mut Draft) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        match self.events.next(&mut self.buffer) {
            Ok(Told::Event(fits)) => self.event(fits, draft),
            Ok(Told::End) => self.ended = true,
            Ok(Told::Name | Told::Nothing) => {}
            Err(fault) => {
                let what = format!("is damaged from here on: {}", whole::told(fault)?);
                draft.problems.at(&self.label, format!("event {}", self.count), what);
                self.ended = true;
            }
        }
        Ok(!self.ended)
    }

    fn offset(&self) -> u64 {
        self.events.stream.offset
    }
}
