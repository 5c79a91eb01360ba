//! Zulip exports: the archive that an organization's export or a user's own yields, or the folder it was unpacked to.
//!
//! Every topic of a channel is a stream, and so is every direct conversation. The tables that name people, channels,
//! reactions and attachments are read first, wherever they stand in the archive, and then the messages. Marking a topic
//! as resolved renames it: it stays the same stream. A message keeps its id when its topic changes, so one that was
//! moved stays where it was first read.

mod files;
mod message;
mod tables;

use std::path::Path;

use lichen_model::{MessageId, Stream};

use super::json_stream::{Begin, Fault, JsonStream, Next};
use super::parts::Draft;
use super::record::utf8;
use super::whole::{self, Export, Whole};
use super::{Format, Source};
use crate::Result;

use files::{Content, Files, Pass, is_messages};
use tables::Tables;

/// The name of the format.
pub const NAME: &str = "zulip";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff: |path: &Path, head: &[u8]| Files::sniff(path, head),
    open: |source| {
        let files = Files::open(&source.path)?;
        let fingerprint = files.fingerprint()?;
        let known = source.position.as_deref() == Some(fingerprint.as_str());
        let (zulip, bytes) = Zulip::open(source, files, known)?;
        Ok(Box::new(Whole::new(NAME, source, bytes, fingerprint, zulip)))
    },
    discover: None,
};

/// The table of the files of messages that is read.
const MESSAGES: &str = "zerver_message";

/// What is read, file by file.
struct Zulip {
    source: Source,
    limit: usize,
    tables: Tables,
    pass: Pass,
    file: Option<Opened>,
    /// Bytes of the files that have been read.
    before: u64,
    problems: Vec<(String, String)>,
    buffer: Vec<u8>,
}

/// A file of messages.
struct Opened {
    name: String,
    bytes: u64,
    stream: JsonStream<Content>,
    started: bool,
    in_messages: bool,
    messages: u64,
}

impl Zulip {
    /// Also tells how many bytes of messages there are. Of an export that is `known` nothing is read.
    fn open(source: &Source, mut files: Files, known: bool) -> Result<(Self, u64)> {
        let mut bytes = 0;
        let limit = whole::value_bytes_max(source);
        let mut problems = files.problems();
        let mut tables = Tables::default();
        if !known {
            let mut pass = files.pass()?;
            loop {
                match pass.next() {
                    Ok(Some(file)) if !is_messages(&file) => {
                        let mut stream = JsonStream::new(pass.content()?, limit);
                        if let Err(fault) = tables.read(&mut stream) {
                            problems.push((file, whole::told(fault)?));
                        }
                        pass.give_back(stream.into_inner());
                    }
                    Ok(Some(_)) => bytes += pass.bytes(),
                    Ok(None) => break,
                    // The second reading meets it again, and tells it.
                    Err(fault) => {
                        whole::told(fault)?;
                        break;
                    }
                }
            }
            tables.finish();
        }
        let pass = files.pass()?;
        let zulip = Self {
            source: source.clone(),
            limit,
            tables,
            pass,
            file: None,
            before: 0,
            problems,
            buffer: Vec::new(),
        };
        Ok((zulip, bytes))
    }

    /// Opens the next file of messages.
    fn next_file(&mut self, draft: &mut Draft) -> Result<bool> {
        match self.pass.next() {
            Ok(None) => {
                for (name, why) in self.pass.refused() {
                    draft.problems.at(&self.source.label, format!("entry {name}"), why);
                }
                Ok(false)
            }
            Ok(Some(name)) if is_messages(&name) => {
                let stream = JsonStream::new(self.pass.content()?, self.limit);
                let (bytes, started, in_messages) = (self.pass.bytes(), false, false);
                self.file = Some(Opened { name, bytes, stream, started, in_messages, messages: 0 });
                Ok(true)
            }
            Ok(Some(_)) => Ok(true),
            Err(fault) => {
                let what = format!("is damaged from here on: {}", whole::told(fault)?);
                draft.problems.at(&self.source.label, "", what);
                Ok(false)
            }
        }
    }

    fn close(&mut self, file: Opened) {
        self.before += file.bytes;
        self.pass.give_back(file.stream.into_inner());
    }

    fn message(&mut self, file: &mut Opened, fits: bool, draft: &mut Draft) {
        file.messages += 1;
        let place = format!("{}, message {}", file.name, file.messages);
        let (text, whole) = utf8(&self.buffer);
        if !whole {
            let what = "is not UTF-8; unreadable bytes were replaced";
            draft.problems.at(&self.source.label, place.clone(), what);
        }
        let read = if fits {
            message::read(&self.source, &self.tables, &text)
        } else {
            Err("is longer than the limit; skipped".to_owned())
        };
        match read {
            Ok((stream, messages)) => {
                draft.stream(stream.id, || stream);
                for message in messages {
                    draft.push(message);
                }
            }
            Err(what) => draft.problems.at(&self.source.label, place, what),
        }
    }
}

impl Opened {
    /// Goes to the next message, which is in the buffer then unless it is longer than the limit; `None` at the end.
    fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<bool>, Fault> {
        if !self.started {
            self.started = true;
            self.stream.enter()?;
        }
        loop {
            let next = self.stream.next()?;
            if self.in_messages {
                if next != Next::End {
                    return self.stream.value(buffer).map(Some);
                }
                self.in_messages = false;
                continue;
            }
            let Next::Key(key) = next else { return Ok(None) };
            if key == MESSAGES && self.stream.begin()? == Begin::Array {
                self.stream.enter()?;
                self.in_messages = true;
            } else {
                self.stream.skip()?;
            }
        }
    }
}

impl Export for Zulip {
    fn step(&mut self, draft: &mut Draft) -> Result<bool> {
        for (place, what) in std::mem::take(&mut self.problems) {
            draft.problems.at(&self.source.label, place, what);
        }
        let Some(mut file) = self.file.take() else { return self.next_file(draft) };
        let mut buffer = std::mem::take(&mut self.buffer);
        let next = file.next(&mut buffer);
        self.buffer = buffer;
        match next {
            Ok(Some(fits)) => {
                self.message(&mut file, fits, draft);
                self.file = Some(file);
            }
            Ok(None) => self.close(file),
            Err(fault) => {
                let place = format!("{}, message {}", file.name, file.messages);
                let what = format!("is damaged from here on: {}", whole::told(fault)?);
                draft.problems.at(&self.source.label, place, what);
                self.close(file);
            }
        }
        Ok(true)
    }

    fn offset(&self) -> u64 {
        self.before + self.file.as_ref().map_or(0, |file| file.stream.offset.min(file.bytes))
    }
}

/// Where a message was said.
struct Place {
    stream: Stream,
    /// What ids of messages are derived from: they outlive a topic's name.
    home: lichen_model::StreamId,
}

impl Place {
    fn id(&self, id: &str, at: lichen_model::Timestamp) -> MessageId {
        lichen_model::Message::id(self.home, id, at)
    }
}
