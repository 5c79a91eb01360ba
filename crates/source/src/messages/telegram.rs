//! Telegram Desktop's exports as JSON: `result.json` of one chat, or of a whole account; or an archive that holds it.
//!
//! Every chat is a stream, named as the export names its peers (`user1`, `chat1`, `channel1`). The exporter writes
//! local times beside seconds since 1970, which tells the zone it ran in.

mod message;

use std::path::{Path, PathBuf};

use lichen_model::{Stream, StreamKind};

use super::Format;
use super::json_stream::{Begin, Fault, JsonStream, Next};
use super::packed::Packed;
use super::parts::{Draft, Seen};
use super::record::utf8;
use super::whole::{self, Export};
use crate::Result;

use std::io::{BufRead, Read as _};

use fs_err::File;

/// The name of the format.
pub const NAME: &str = "telegram";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| PACKED.open(source, &file_of(&source.path)),
    discover: None,
};

static PACKED: Packed = Packed {
    name: NAME,
    is_export,
    begin: |source, part| {
        Ok(Box::new(Telegram {
            label: part.label.clone(),
            stream: JsonStream::new(part.open()?, whole::value_bytes_max(source)),
            open: Vec::new(),
            started: false,
            chat: Chat::default(),
            stem: part.stem.clone(),
            seen: Seen::default(),
            buffer: Vec::new(),
        }))
    },
};

/// Kinds of chats.
const KINDS: [&str; 11] = [
    "saved_messages",
    "replies",
    "verification_codes",
    "personal_chat",
    "bot_chat",
    "private_group",
    "public_group",
    "private_supergroup",
    "public_supergroup",
    "private_channel",
    "public_channel",
];

/// The export's file, where its folder is given.
fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("result.json") } else { path.to_owned() }
}

fn sniff(path: &Path, head: &[u8]) -> bool {
    if path.is_dir() {
        let mut head = Vec::new();
        let file = File::open(file_of(path));
        let read = file.and_then(|file| file.take(super::HEAD_BYTES).read_to_end(&mut head));
        return read.is_ok() && is_export(&head);
    }
    PACKED.sniff(path, head)
}

fn is_export(head: &[u8]) -> bool {
    let mut stream = JsonStream::new(head, head.len());
    let mut seen = Vec::new();
    let mut kind = Vec::new();
    let mut walk = || -> Result<(), Fault> {
        if stream.begin()? != Begin::Object {
            return Ok(());
        }
        stream.enter()?;
        while let Next::Key(key) = stream.next()? {
            seen.push(key);
            if seen.last().is_some_and(|key| key == "type") {
                stream.value(&mut kind)?;
            } else {
                stream.skip()?;
            }
        }
        Ok(())
    };
    // The head may end anywhere.
    drop(walk());
    let has = |key: &str| seen.iter().any(|seen| seen == key);
    let kind = serde_json::from_slice::<String>(&kind).unwrap_or_default();
    let chat = KINDS.contains(&kind.as_str()) && has("id") && has("messages");
    let account =
        has("about") && ["personal_information", "chats", "left_chats"].into_iter().any(has);
    chat || account
}

/// What is being read.
struct Telegram {
    label: String,
    stream: JsonStream<Box<dyn BufRead + Send>>,
    /// The containers that have been entered.
    open: Vec<Level>,
    started: bool,
    chat: Chat,
    stem: String,
    seen: Seen,
    buffer: Vec<u8>,
}

/// What a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// The document: a chat, or an account.
    Root,
    /// An account's chats with what is said about them.
    Chats,
    /// Their list.
    List,
    /// One of them.
    Chat,
    /// Its messages.
    Messages,
}

/// What is known of the chat that is being read.
#[derive(Default)]
struct Chat {
    name: String,
    kind: String,
    id: String,
    messages: u64,
    stream: Option<Stream>,
}

impl Chat {
    /// The stream; what was known when the first message came names it.
    fn stream(&mut self, stem: &str) -> &Stream {
        let family = match self.kind.as_str() {
            "" => "",
            kind if kind.ends_with("supergroup") || kind.ends_with("channel") => "channel",
            kind if kind.ends_with("group") => "chat",
            _ => "user",
        };
        let name =
            if self.id.is_empty() { stem.to_owned() } else { format!("{family}{}", self.id) };
        let title = self.title();
        self.stream.get_or_insert_with(|| Stream {
            id: Stream::id(NAME, &name),
            source: NAME.to_owned(),
            name,
            kind: StreamKind::Chat,
            title,
        })
    }

    fn title(&self) -> String {
        match (self.name.as_str(), self.kind.as_str()) {
            ("", "saved_messages") => "Saved Messages".to_owned(),
            ("", "replies") => "Replies".to_owned(),
            (name, _) => name.to_owned(),
        }
    }
}

impl Telegram {
    fn walk(&mut self, draft: &mut Draft) -> Result<bool, Fault> {
        if !self.started {
            self.started = true;
            self.stream.enter()?;
            self.open.push(Level::Root);
        }
        let Some(&level) = self.open.last() else { return Ok(false) };
        let key = match self.stream.next()? {
            Next::End => {
                self.open.pop();
                if matches!(level, Level::Root | Level::Chat) {
                    self.close(draft);
                }
                return Ok(true);
            }
            Next::Key(key) => key,
            Next::Item => String::new(),
        };
        let begin = self.stream.begin()?;
        let entered = match (level, key.as_str(), begin) {
            (Level::Root, "chats" | "left_chats", Begin::Object) => Level::Chats,
            (Level::Chats, "list", Begin::Array) => Level::List,
            (Level::List, _, Begin::Object) => Level::Chat,
            (Level::Root | Level::Chat, "messages", Begin::Array) => Level::Messages,
            (Level::Root | Level::Chat, "name" | "type" | "id", Begin::Scalar) => {
                if self.stream.value(&mut self.buffer)? {
                    let raw = utf8(&self.buffer).0.into_owned();
                    let text = serde_json::from_str::<String>(&raw);
                    let text = text.unwrap_or(if raw == "null" { String::new() } else { raw });
                    match key.as_str() {
                        "name" => self.chat.name = text,
                        "type" => self.chat.kind = text,
                        _ => self.chat.id = text,
                    }
                }
                return Ok(true);
            }
            (Level::Messages, ..) => {
                let fits = self.stream.value(&mut self.buffer)?;
                self.message(fits, draft);
                return Ok(true);
            }
            _ => {
                self.stream.skip()?;
                return Ok(true);
            }
        };
        self.stream.enter()?;
        if entered == Level::Chat {
            self.chat = Chat::default();
            // Replies do not cross chats.
            self.seen = Seen::default();
        }
        self.open.push(entered);
        Ok(true)
    }

    /// A chat has ended: its title may have come after its messages.
    fn close(&mut self, draft: &mut Draft) {
        let title = self.chat.title();
        if let Some(stream) = self.chat.stream.take()
            && stream.title != title
        {
            draft.stream(stream.id, || stream).title = title;
        }
    }

    fn message(&mut self, fits: bool, draft: &mut Draft) {
        self.chat.messages += 1;
        let (text, whole) = utf8(&self.buffer);
        let stream = self.chat.stream(&self.stem);
        let read = if fits {
            message::read(stream, &text, &mut self.seen)
        } else {
            Err("is longer than the limit; skipped".to_owned())
        };
        let place = || {
            let chat = self.chat.title();
            let chat = if chat.is_empty() { self.chat.id.as_str() } else { chat.as_str() };
            format!("{chat}, message {}", self.chat.messages)
        };
        if !whole {
            let what = "is not UTF-8; unreadable bytes were replaced";
            draft.problems.at(&self.label, place(), what);
        }
        match read {
            Ok(message) => {
                if let Some(stream) = &self.chat.stream {
                    draft.stream(stream.id, || stream.clone());
                    draft.push(message);
                }
            }
            Err(what) => draft.problems.at(&self.label, place(), what),
        }
    }
}

impl Export for Telegram {
    fn step(&mut self, draft: &mut Draft) -> Result<bool> {
        match self.walk(draft) {
            Ok(more) => Ok(more),
            Err(fault) => {
                let what = format!("is damaged from here on: {}", whole::told(fault)?);
                draft.problems.at(&self.label, "", what);
                self.close(draft);
                self.open.clear();
                Ok(false)
            }
        }
    }

    fn offset(&self) -> u64 {
        self.stream.offset
    }
}
