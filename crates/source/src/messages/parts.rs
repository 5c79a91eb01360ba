//! What the formats share: JSON read in place, problems kept within bounds, messages put into batches.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use lichen_model::{
    Batch, Message, MessageId, Owner, Passage, PassageKind, Problem, Progress, RepoPath, Role,
    Stream, StreamId, StreamKind, Tag, ToolCall,
};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Source;
use crate::passage;
use crate::redact::Redactor;

/// A batch ends after this many messages,
pub(super) const BATCH_MESSAGES: usize = 20_000;
/// or when the lines they came from have this many bytes, whichever comes first.
pub(super) const BATCH_BYTES: u64 = 16 << 20;
/// Problems of one kind that are told one by one in a batch.
const PROBLEMS_MAX: usize = 10;
/// Passages that are cut from a tool's output; its text stays whole.
const TOOL_PASSAGES_MAX: usize = 4;
/// Bytes of a command that go into a passage's context.
const COMMAND_BYTES: usize = 200;
/// Paths of tools that go into a passage's context.
const CONTEXT_PATHS_MAX: usize = 20;

/// A string read in place where it holds no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The entries of a JSON object in their order, values unread.
pub(super) struct Object<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Object<'de>, M::Error> {
                let mut entries = Vec::with_capacity(8);
                while let Some(Text(key)) = map.next_key()? {
                    entries.push((key, map.next_value()?));
                }
                Ok(Object(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// A JSON string's text; `None` for any other value.
pub(super) fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    if !json.starts_with('"') {
        return None;
    }
    match serde_json::from_str::<Text<'_>>(json) {
        Ok(Text(text)) => Some(text),
        Err(_) => {
            serde_json::from_str::<String>(&without_lone_surrogates(json)).ok().map(Cow::Owned)
        }
    }
}

/// The text of a string or a number.
pub(super) fn scalar(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    match json.as_bytes().first()? {
        b'"' => string(raw),
        b'-' | b'0'..=b'9' => Some(Cow::Borrowed(json)),
        _ => None,
    }
}

/// Tools that cut strings by UTF-16 units leave half a character behind; it becomes U+FFFD.
pub(super) fn without_lone_surrogates(json: &str) -> String {
    let unit = |at: usize| {
        let escape = json.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(escape, 16).ok()
    };
    let mut fixed = String::with_capacity(json.len());
    let mut at = 0;
    while let Some(escape) = json[at..].find('\\') {
        fixed.push_str(&json[at..at + escape]);
        at += escape;
        let len = match unit(at) {
            Some(0xD800..=0xDBFF) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => 12,
            Some(0xD800..=0xDFFF) => {
                fixed.push_str("\\ufffd");
                at += 6;
                continue;
            }
            Some(_) => 6,
            None => 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
        fixed.push_str(&json[at..at + len]);
        at += len;
    }
    fixed.push_str(&json[at..]);
    fixed
}

/// A JSON object that is written entry by entry.
#[derive(Clone, Default)]
pub(super) struct Meta(String);

impl Meta {
    /// Adds an entry whose value is JSON already.
    pub(super) fn raw(&mut self, key: &str, json: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&quoted(key));
        self.0.push(':');
        self.0.push_str(json);
    }

    /// Adds a string.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.raw(key, &quoted(text));
    }

    /// The object; empty for one without entries.
    pub(super) fn finish(self) -> String {
        if self.0.is_empty() { self.0 } else { self.0 + "}" }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string is always JSON")
}

/// A hash for look-ups within one reader: it is never stored.
pub(super) fn key(parts: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// Problems of one batch. A file in which every line has the same fault tells it a few times and counts the rest.
#[derive(Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    counts: HashMap<String, u64>,
}

impl Problems {
    pub(super) fn line(&mut self, source: &str, line: u64, what: impl Into<String>) {
        self.at(source, format!("line {line}"), what);
    }

    /// A problem of a source that has no lines, or whose lines mean nothing.
    pub(super) fn at(&mut self, source: &str, place: impl Into<String>, what: impl Into<String>) {
        let what = what.into();
        // Details stand after a colon or in brackets; problems that differ in nothing else are of one kind.
        let kind = what.split([':', '(', '`']).next().unwrap_or_default().to_owned();
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= PROBLEMS_MAX as u64 {
            self.list.push(Problem::new(source, place, what));
        }
    }

    fn finish(self, source: &str) -> Vec<Problem> {
        let mut list = self.list;
        let mut more: Vec<_> =
            self.counts.into_iter().filter(|(_, count)| *count > PROBLEMS_MAX as u64).collect();
        more.sort_unstable();
        list.extend(more.into_iter().map(|(kind, count)| {
            Problem::new(
                source,
                "",
                format!("{} ({} more like it)", kind.trim_end(), count - PROBLEMS_MAX as u64),
            )
        }));
        list
    }
}

/// A message and the place of its stream.
struct Row {
    place: usize,
    message: Message,
    /// Spans of its text that are kept, but that no passages are cut from.
    silent: Vec<Range<usize>>,
}

/// Messages on their way into a batch: the one place where secrets leave them.
pub(super) struct Draft {
    redactor: Option<Arc<Redactor>>,
    streams: Vec<Stream>,
    places: HashMap<StreamId, usize>,
    rows: Vec<Row>,
    /// The first text of each message, hashed.
    said: HashMap<MessageId, u64>,
    pub(super) tags: Vec<Tag>,
    pub(super) problems: Problems,
    /// Bytes read for it.
    pub(super) bytes: u64,
}

impl Draft {
    /// An empty draft of what is read from `source`.
    pub(super) fn new(source: &Source) -> Self {
        Self {
            redactor: source.redactor.clone(),
            streams: Vec::new(),
            places: HashMap::new(),
            rows: Vec::new(),
            said: HashMap::new(),
            tags: Vec::new(),
            problems: Problems::default(),
            bytes: 0,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= BATCH_MESSAGES || self.bytes >= BATCH_BYTES
    }

    /// The stream, which joins the batch if it is new there.
    pub(super) fn stream(&mut self, id: StreamId, new: impl FnOnce() -> Stream) -> &mut Stream {
        let place = *self.places.entry(id).or_insert_with(|| {
            self.streams.push(new());
            self.streams.len() - 1
        });
        &mut self.streams[place]
    }

    /// Adds a message whose stream has joined.
    pub(super) fn push(&mut self, message: Message) {
        self.push_but(message, Vec::new());
    }

    /// Adds a message whose stream has joined. No passages are cut from the `silent` spans of its text, which are in
    /// order: what is quoted is found where it was said. Spans are of the redacted text: see [`Source::redact`].
    pub(super) fn push_but(&mut self, mut message: Message, silent: Vec<Range<usize>>) {
        if let Some(redactor) = &self.redactor {
            redact(redactor, &mut message);
        }
        // Its id again with another text: an edit of what was read just before.
        let said = key(&message.text.as_str());
        if *self.said.entry(message.id).or_insert(said) != said && message.replaces.is_none() {
            message.replaces = Some(message.id);
            message.id = Message::id_of_edit(message.id, Some(&message.text));
            for (ord, call) in (0..).zip(&mut message.tool_calls) {
                call.id = ToolCall::id(message.id, ord);
            }
        }
        let place = self.places.get(&message.stream).copied().unwrap_or_default();
        self.rows.push(Row { place, message, silent });
    }

    /// Whether the message of this id says just this, as far as this draft knows.
    pub(super) fn has_said(&self, id: MessageId, text: &str) -> bool {
        self.said.get(&id) == Some(&key(&text))
    }

    /// The batch: messages by stream, then by time; equal ones stay in the order of the file. Sources that are read as
    /// a whole tell their progress with the last batch only.
    pub(super) fn finish(mut self, source: &str, progress: impl Into<Option<Progress>>) -> Batch {
        self.rows.sort_by_key(|row| (row.place, row.message.sent.at));
        let mut batch =
            Batch { problems: self.problems.finish(source), tags: self.tags, ..Batch::default() };
        if let Some(redactor) = &self.redactor {
            batch.problems.iter_mut().for_each(|problem| redactor.apply(&mut problem.what));
            batch.tags.iter_mut().for_each(|tag| redactor.apply(&mut tag.name));
            self.streams.iter_mut().for_each(|stream| redactor.apply(&mut stream.title));
        }
        batch.messages.reserve(self.rows.len());
        batch.passages.reserve(self.rows.len());
        for row in self.rows {
            let kind = self.streams[row.place].kind;
            passages(kind, &row.message, &row.silent, &mut batch.passages);
            batch.messages.push(row.message);
        }
        batch.streams = self.streams;
        batch.progress.extend(progress.into());
        batch
    }
}

/// Takes the secrets out of a message. An edit's id is made of its text: it follows the redacted one.
fn redact(redactor: &Redactor, message: &mut Message) {
    if let Cow::Owned(text) = redactor.redact(&message.text) {
        if let Some(replaced) = message.replaces
            && message.id == Message::id_of_edit(replaced, Some(&message.text))
        {
            message.id = Message::id_of_edit(replaced, Some(&text));
        }
        message.text = text;
    }
    redactor.apply_json(&mut message.meta);
    for call in &mut message.tool_calls {
        redactor.apply_json(&mut call.input);
        for text in call.command.iter_mut().chain(call.patch.iter_mut()) {
            redactor.apply(text);
        }
        for path in &mut call.paths {
            if let Cow::Owned(redacted) = redactor.redact(&path.to_text()) {
                *path = RepoPath::from(redacted.as_str());
            }
        }
    }
}

/// Cuts a message. Where it has no text but used tools, their names, paths and commands are what it is found by:
/// one passage over an empty span carries them as context. Patches stay out of passages: they are long, and the
/// code they hold is in the repository's documents and commits.
fn passages(
    kind: StreamKind,
    message: &Message,
    silent: &[Range<usize>],
    passages: &mut Vec<Passage>,
) {
    let pieces = if message.text.trim().is_empty() {
        Vec::new()
    } else {
        passage::cut_message_but(&message.text, silent)
    };
    if pieces.is_empty() && message.tool_calls.is_empty() {
        return;
    }
    let kind = match (message.role, kind) {
        (Role::Thinking, _) => PassageKind::Thinking,
        (_, StreamKind::Chat) => PassageKind::Chat,
        (_, StreamKind::Agent) => PassageKind::Agent,
    };
    let mut cut =
        passage::passages(Owner::Message(message.id), kind, &context(kind, message), pieces);
    if message.role == Role::Tool {
        cut.truncate(TOOL_PASSAGES_MAX);
    }
    passages.append(&mut cut);
}

fn context(kind: PassageKind, message: &Message) -> String {
    let mut context = if message.author.is_empty() && kind == PassageKind::Agent {
        role_name(message.role).to_owned()
    } else {
        message.author.clone()
    };
    let mut paths = 0;
    for call in &message.tool_calls {
        let mut add = |word: &str| {
            if !context.is_empty() {
                context.push('\n');
            }
            context.push_str(word);
        };
        add(&call.tool);
        if let Some(command) = &call.command {
            add(&command[..command.floor_char_boundary(COMMAND_BYTES)]);
        }
        for path in call.paths.iter().take(CONTEXT_PATHS_MAX - paths) {
            add(&path.to_text());
            paths += 1;
        }
    }
    context
}

pub(super) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
        Role::System => "system",
        Role::Thinking => "thinking",
    }
}

/// Ids of the messages before: what replies, equal texts and repeated lines are told by.
#[derive(Default)]
pub(super) struct Seen {
    /// By the source's id in its stream.
    pub(super) ids: HashMap<u64, MessageId>,
    /// How many messages without an id had this author, text and time in this stream.
    pub(super) equals: HashMap<u64, u32>,
}

#[cfg(test)]
mod tests;
