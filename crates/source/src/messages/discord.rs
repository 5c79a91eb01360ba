//! Discord's channels and threads as DiscordChatExporter writes them to JSON: one file each, or one part of it; or an
//! archive of them.

mod message;

use std::io::BufRead;

use lichen_model::{Stream, StreamKind};

use super::Format;
use super::json_stream::{Begin, Fault, JsonStream, Next, names};
use super::packed::Packed;
use super::parts::{Draft, Seen};
use super::record::{Record, utf8};
use super::whole::{self, Export};
use crate::Result;

/// The name of the format.
pub const NAME: &str = "discord";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff: |path, head| PACKED.sniff(path, head),
    open: |source| PACKED.open(source, &source.path),
    discover: None,
};

static PACKED: Packed = Packed {
    name: NAME,
    is_export,
    begin: |source, part| {
        Ok(Box::new(Discord {
            label: part.label.clone(),
            stream: JsonStream::new(part.open()?, whole::value_bytes_max(source)),
            started: false,
            in_messages: false,
            ended: false,
            guild: String::new(),
            channel: Channel { id: part.stem.clone(), ..Channel::default() },
            messages: 0,
            seen: Seen::default(),
            buffer: Vec::new(),
        }))
    },
};

fn is_export(head: &[u8]) -> bool {
    let seen = names(head);
    ["guild", "channel", "messages"].iter().all(|key| seen.iter().any(|seen| seen == key))
}

/// What is being read.
struct Discord {
    label: String,
    stream: JsonStream<Box<dyn BufRead + Send>>,
    started: bool,
    in_messages: bool,
    ended: bool,
    guild: String,
    channel: Channel,
    messages: u64,
    seen: Seen,
    buffer: Vec<u8>,
}

/// A channel or thread.
#[derive(Default)]
struct Channel {
    /// Of a file that does not tell it, its name.
    id: String,
    name: String,
    thread: bool,
    /// What a channel is listed under; of a thread, its channel.
    parent: String,
}

impl Discord {
    fn channel_stream(&self) -> Stream {
        let Channel { id, name, thread, parent } = &self.channel;
        let mut title = self.guild.clone();
        if !title.is_empty() {
            title.push_str(" #");
        }
        if *thread && !parent.is_empty() {
            title.push_str(parent);
            title.push_str(" > ");
        }
        title.push_str(name);
        let (id, source) = (Stream::id(NAME, id), NAME.to_owned());
        Stream { id, source, name: self.channel.id.clone(), kind: StreamKind::Chat, title }
    }

    fn walk(&mut self, draft: &mut Draft) -> Result<bool, Fault> {
        if self.ended {
            return Ok(false);
        }
        if !self.started {
            self.started = true;
            self.stream.enter()?;
        }
        let next = self.stream.next()?;
        if self.in_messages {
            if next == Next::End {
                self.in_messages = false;
            } else {
                let fits = self.stream.value(&mut self.buffer)?;
                self.message(fits, draft);
            }
            return Ok(true);
        }
        let Next::Key(key) = next else {
            self.ended = true;
            return Ok(false);
        };
        match (key.as_str(), self.stream.begin()?) {
            ("messages", Begin::Array) => {
                self.stream.enter()?;
                self.in_messages = true;
            }
            ("guild" | "channel", Begin::Object) => {
                let fits = self.stream.value(&mut self.buffer)?;
                let (text, _) = utf8(&self.buffer);
                if let Some(record) = fits.then(|| Record::parse(&text).ok()).flatten() {
                    if key == "guild" {
                        // What is no guild, the exporter gives the id 0 and a name of its own.
                        let direct = record.owned("id").is_some_and(|id| id == "0");
                        self.guild = record.owned("name").filter(|_| !direct).unwrap_or_default();
                    } else {
                        let id = record.owned("id").unwrap_or_else(|| self.channel.id.clone());
                        let kind = record.owned("type").unwrap_or_default();
                        self.channel = Channel {
                            id,
                            name: record.owned("name").unwrap_or_default(),
                            thread: kind.ends_with("Thread"),
                            parent: record.owned("category").unwrap_or_default(),
                        };
                    }
                }
            }
            _ => self.stream.skip()?,
        }
        Ok(true)
    }

    fn message(&mut self, fits: bool, draft: &mut Draft) {
        self.messages += 1;
        let stream = self.channel_stream();
        let (text, whole) = utf8(&self.buffer);
        let read = if fits {
            message::read(&stream, &self.channel.id, &text, &mut self.seen)
        } else {
            Err("is longer than the limit; skipped".to_owned())
        };
        let place = format!("message {}", self.messages);
        if !whole {
            let what = "is not UTF-8; unreadable bytes were replaced";
            draft.problems.at(&self.label, place.clone(), what);
        }
        match read {
            Ok(message) => {
                draft.stream(stream.id, || stream);
                draft.push(message);
            }
            Err(what) => draft.problems.at(&self.label, place, what),
        }
    }
}

impl Export for Discord {
    fn step(&mut self, draft: &mut Draft) -> Result<bool> {
        match self.walk(draft) {
            Ok(more) => Ok(more),
            Err(fault) => {
                let what = format!("is damaged from here on: {}", whole::told(fault)?);
                draft.problems.at(&self.label, format!("message {}", self.messages), what);
                self.ended = true;
                Ok(false)
            }
        }
    }

    fn offset(&self) -> u64 {
        self.stream.offset
    }
}
