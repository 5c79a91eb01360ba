//! Chats as JSON lines: one object per message, under the names of a mapping.
//!
//! A file whose first message tells its role, or its use of tools, holds agents' sessions; any other one holds chats
//! between people.

use std::borrow::Cow;
use std::path::Path;

use lichen_model::{
    Batch, Message, Progress, RepoPath, Role, Stream, StreamId, StreamKind, Tag, ToolCall, Zoned,
};
use serde_json::value::RawValue;

use super::lines::{Line, Lines};
use super::mapping::{Field, Tree};
use super::parts::{self, Draft, Meta, Object, Seen, scalar, string};
use super::{Format, Source, time};
use crate::{Estimate, Read, Result, Unit};

/// The name of the format.
pub const NAME: &str = "jsonl";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| Ok(Box::new(Reader::open(source.clone())?)),
    discover: None,
};

fn sniff(path: &Path, head: &[u8]) -> bool {
    let named =
        path.extension().is_some_and(|name| name == "jsonl" || name == "ndjson" || name == "json");
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    named
        && !path.is_dir()
        && (head.trim_ascii_start().is_empty() || head.trim_ascii_start().starts_with(b"{"))
}

/// Kinds of streams as the position tells them.
const AGENT: &str = "agent";
const CHAT: &str = "chat";

/// The messages of a file, batch by batch.
pub struct Reader {
    source: Source,
    tree: Tree,
    lines: Lines,
    /// The name of the stream of lines that name none.
    stem: String,
    /// Who speaks in the streams of the file: its first message decides, and the position keeps it.
    kind: Option<StreamKind>,
    seen: Seen,
    /// Where this reading began, until the lines before it have been read for what they told.
    unread_before: Option<u64>,
    start: u64,
    done: bool,
}

impl Reader {
    /// Opens a file where the last reading stopped.
    pub fn open(source: Source) -> Result<Self> {
        let lines = Lines::open(&source.path, source.position.as_deref(), source.line_bytes_max)?;
        let start = lines.at.offset;
        let stem = source
            .path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let unread_before = (start > 0).then_some(start);
        let kind = match lines.at.extra.as_str() {
            AGENT => Some(StreamKind::Agent),
            CHAT => Some(StreamKind::Chat),
            _ => None,
        };
        Ok(Self {
            tree: source.mapping.tree(),
            source,
            lines,
            stem,
            kind,
            seen: Seen::default(),
            unread_before,
            start,
            done: false,
        })
    }

    /// Reads the lines before the position once a message needs them: for the id it replies to, or to know how many
    /// equal ones came before it. So a file read in two parts gives the same ids as one read at once.
    fn read_before(&mut self) -> Result<()> {
        let Some(end) = self.unread_before.take() else { return Ok(()) };
        let mut lines = Lines::before(&self.source.path, end, self.source.line_bytes_max)?;
        let mut buffer = Vec::new();
        while let Some(line) = lines.next(&mut buffer)? {
            if line == Line::TooLong {
                continue;
            }
            let text = String::from_utf8_lossy(content(&buffer, lines.at.lines));
            if let Ok(found) = self.parse(&text) {
                self.identify(&found);
            }
        }
        Ok(())
    }

    fn parse<'a>(&self, line: &'a str) -> Result<Fields<'a>, String> {
        let object =
            Object::parse(line).map_err(|error| format!("is no JSON object ({error}); skipped"))?;
        let mut fields = Fields::default();
        let mut meta = Meta::default();
        fields.collect(object, &self.tree, &mut meta);
        fields.meta = meta;
        Ok(fields)
    }

    /// The stream and the message's id; what later lines need to know of it is kept.
    fn identify(&mut self, fields: &Fields<'_>) -> Identity {
        let name = fields.text(Field::Stream).filter(|name| !name.is_empty());
        let stream = Stream::id(NAME, name.as_deref().unwrap_or(&self.stem));
        let sent = fields.time();
        let at = sent.unwrap_or_default().at;
        let external = fields.text(Field::Id).unwrap_or_default().into_owned();
        if external.is_empty() {
            let (author, text) =
                (fields.author(), self.source.redact(fields.text(Field::Text).unwrap_or_default()));
            let nth = self
                .seen
                .equals
                .entry(parts::key(&(stream.as_u128(), &author, &text, at)))
                .or_default();
            let id = Message::id_by_content(stream, &author, &text, *nth, at);
            *nth += 1;
            return Identity { stream, id, external, sent, again: false };
        }
        let id = Message::id(stream, &external, at);
        let before = self.seen.ids.insert(parts::key(&(stream.as_u128(), &external)), id);
        Identity { stream, id, external, sent, again: before == Some(id) }
    }

    fn line(&mut self, text: &str, draft: &mut Draft) -> Result<(), LineError> {
        let line = self.lines.at.lines;
        let mut fields = self.parse(text).map_err(LineError::Damaged)?;
        let body = fields.text(Field::Text);
        let tools = fields.raw(Field::Tools);
        if body.is_none() && tools.is_none() {
            let what =
                format!("has no text under `{}`; skipped", self.source.mapping.path(Field::Text));
            return Err(LineError::Damaged(what));
        }
        let needs_before = fields.raw(Field::ReplyTo).is_some()
            || fields.text(Field::Id).is_none_or(|id| id.is_empty());
        if needs_before {
            self.read_before()?;
        }
        let Identity { stream, id, external, sent, again } = self.identify(&fields);
        // With another text it is an edit.
        if again && draft.has_said(id, &self.source.redact(body.clone().unwrap_or_default())) {
            let what = format!(
                "id came before at the same time: `{}`; skipped",
                fields.text(Field::Id).unwrap_or_default()
            );
            draft.problems.line(&self.source.label, line, what);
            return Ok(());
        }
        if sent.is_none() {
            let what = match fields.raw(Field::Time) {
                None => format!(
                    "has no time under `{}`; taken as 1970",
                    self.source.mapping.path(Field::Time)
                ),
                Some(raw) => {
                    format!("has a time that cannot be read: {}; taken as 1970", short(raw.get()))
                }
            };
            draft.problems.line(&self.source.label, line, what);
        }
        let role = fields.text(Field::Role);
        let (stem, title) = (&self.stem, fields.text(Field::Title).unwrap_or_default());
        let agent = role.is_some() || tools.is_some();
        let kind =
            *self.kind.get_or_insert(if agent { StreamKind::Agent } else { StreamKind::Chat });
        let entry = draft.stream(stream, || Stream {
            id: stream,
            source: NAME.to_owned(),
            name: fields
                .text(Field::Stream)
                .filter(|name| !name.is_empty())
                .map_or_else(|| stem.clone(), Cow::into_owned),
            kind,
            title: String::new(),
        });
        if !title.is_empty() && entry.title != title {
            entry.title = title.into_owned();
        }
        if let Some(tags) = fields.raw(Field::Tags) {
            let names = strings(tags)
                .into_iter()
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty());
            draft.tags.extend(names.map(|name| Tag { thing: id.any(), name }));
        }
        let reply_to = fields.raw(Field::ReplyTo).and_then(scalar).filter(|to| !to.is_empty());
        let reply_id = reply_to
            .as_ref()
            .and_then(|to| self.seen.ids.get(&parts::key(&(stream.as_u128(), to))).copied());
        if let (Some(to), None) = (&reply_to, reply_id) {
            // The message is not in this file before this one: what the source said of it is kept.
            fields.meta.text(self.source.mapping.path(Field::ReplyTo), to);
        }
        let known_role = role.as_deref().map(parse_role);
        if let (Some(role), Some(None)) = (&role, known_role) {
            fields.meta.text(self.source.mapping.path(Field::Role), role);
        }
        let message = Message {
            id,
            stream,
            external_id: external,
            author: fields.author().into_owned(),
            role: known_role.flatten().unwrap_or(Role::User),
            sent: sent.unwrap_or_default(),
            text: body.map_or_else(String::new, Cow::into_owned),
            tokens: 0,
            reply_to: reply_id,
            replaces: None,
            tool_calls: tools.map_or_else(Vec::new, |tools| tool_calls(id, tools)),
            meta: fields.meta.finish(),
        };
        draft.push(message);
        Ok(())
    }
}

enum LineError {
    Damaged(String),
    Failed(crate::Error),
}

impl From<crate::Error> for LineError {
    fn from(error: crate::Error) -> Self {
        Self::Failed(error)
    }
}

struct Identity {
    stream: StreamId,
    id: lichen_model::MessageId,
    external: String,
    sent: Option<Zoned>,
    /// A message of this id and time came before.
    again: bool,
}

/// The fields of a line that the mapping names, unread, and the rest as JSON.
#[derive(Default)]
struct Fields<'a> {
    found: [Option<&'a RawValue>; Field::ALL.len()],
    meta: Meta,
}

impl<'a> Fields<'a> {
    fn collect(&mut self, object: Object<'a>, tree: &Tree, meta: &mut Meta) {
        for (name, raw) in object.0 {
            match tree.child(&name) {
                Some(child) if child.is_inner() && raw.get().starts_with('{') => {
                    let mut inner = Meta::default();
                    if let Ok(object) = Object::parse(raw.get()) {
                        self.collect(object, child, &mut inner);
                    }
                    let rest = inner.finish();
                    if !rest.is_empty() {
                        meta.raw(&name, &rest);
                    }
                }
                Some(child) if !child.fields.is_empty() => {
                    for field in &child.fields {
                        self.found[field.place()] = Some(raw).filter(|raw| raw.get() != "null");
                    }
                }
                _ => meta.raw(&name, raw.get()),
            }
        }
    }

    fn raw(&self, field: Field) -> Option<&'a RawValue> {
        self.found[field.place()]
    }

    fn text(&self, field: Field) -> Option<Cow<'a, str>> {
        self.raw(field).and_then(scalar)
    }

    /// The author's name; of an object what is most likely its name.
    fn author(&self) -> Cow<'a, str> {
        const NAMES: [&str; 6] = ["name", "display_name", "real_name", "username", "login", "id"];
        let Some(raw) = self.raw(Field::Author) else { return Cow::Borrowed("") };
        if let Some(text) = scalar(raw) {
            return text;
        }
        let Ok(object) = Object::parse(raw.get()) else { return Cow::Borrowed("") };
        let named = |name: &&str| {
            object.0.iter().find(|(key, _)| key == name).and_then(|(_, raw)| scalar(raw))
        };
        NAMES.iter().find_map(named).unwrap_or_default()
    }

    fn time(&self) -> Option<Zoned> {
        time::parse(&self.text(Field::Time)?)
    }
}

pub(super) fn parse_role(role: &str) -> Option<Role> {
    match role.to_ascii_lowercase().as_str() {
        "user" | "human" => Some(Role::User),
        "assistant" | "ai" | "model" | "agent" | "bot" => Some(Role::Assistant),
        "tool" | "function" => Some(Role::Tool),
        "system" | "developer" => Some(Role::System),
        _ => None,
    }
}

/// A string, or the strings of an array.
pub(super) fn strings(raw: &RawValue) -> Vec<Cow<'_, str>> {
    match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        Ok(items) => items.into_iter().filter_map(scalar).collect(),
        Err(_) => scalar(raw).into_iter().collect(),
    }
}

pub(super) fn tool_calls(message: lichen_model::MessageId, raw: &RawValue) -> Vec<ToolCall> {
    let Ok(items) = serde_json::from_str::<Vec<Object<'_>>>(raw.get()) else { return Vec::new() };
    let call = |(ord, object): (usize, Object<'_>)| {
        let get = |names: &[&str]| {
            object.0.iter().find(|(key, _)| names.contains(&&**key)).map(|(_, raw)| *raw)
        };
        let text = |names: &[&str]| get(names).and_then(string).map(Cow::into_owned);
        let paths = get(&["paths", "path", "file_path"]).map(strings).unwrap_or_default();
        ToolCall {
            id: ToolCall::id(message, u32::try_from(ord).unwrap_or(u32::MAX)),
            external_id: get(&["id"]).and_then(scalar).unwrap_or_default().into_owned(),
            tool: text(&["tool", "name"]).unwrap_or_default(),
            paths: paths.into_iter().map(|path| RepoPath::from(&*path)).collect(),
            command: text(&["command"]),
            patch: text(&["patch"]),
            input: get(&["input", "arguments"])
                .map_or_else(String::new, |raw| raw.get().to_owned()),
        }
    };
    items.into_iter().enumerate().map(call).collect()
}

/// A line's content: without the mark that some editors put before a file, and blanks around it.
fn content(line: &[u8], number: u64) -> &[u8] {
    let line = if number == 1 { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) } else { line };
    line.trim_ascii()
}

fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(60)]
}

impl Read for Reader {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut draft = Draft::new(&self.source);
        let mut buffer = Vec::new();
        let start = self.lines.at.offset;
        while !self.done && !draft.is_full() {
            let Some(line) = self.lines.next(&mut buffer)? else {
                self.done = true;
                break;
            };
            draft.bytes = self.lines.at.offset - start;
            let number = self.lines.at.lines;
            if line == Line::TooLong {
                draft.problems.line(
                    &self.source.label,
                    number,
                    "is longer than the limit; skipped",
                );
                continue;
            }
            let bytes = content(&buffer, number);
            if bytes.is_empty() {
                continue;
            }
            let text = String::from_utf8_lossy(bytes);
            match self.line(&text, &mut draft) {
                Ok(()) => {}
                Err(LineError::Failed(error)) => return Err(error),
                // The file may still grow: a line that is not whole yet is read once it is.
                Err(LineError::Damaged(_)) if line == Line::Unended => {
                    self.lines.unread();
                    self.done = true;
                    break;
                }
                Err(LineError::Damaged(what)) => {
                    draft.problems.line(&self.source.label, number, what);
                    continue;
                }
            }
            if matches!(text, Cow::Owned(_)) {
                draft.problems.line(
                    &self.source.label,
                    number,
                    "is not UTF-8; unreadable bytes were replaced",
                );
            }
        }
        if self.lines.at.offset == start {
            return Ok(None);
        }
        let kind =
            self.kind.map_or("", |kind| if kind == StreamKind::Agent { AGENT } else { CHAT });
        let position = self.lines.position(kind)?;
        let progress = Progress { source: format!("{NAME}:{}", self.source.label), position };
        Ok(Some(draft.finish(&self.source.label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let total = self.lines.len().saturating_sub(self.start);
        Estimate { total, done: self.lines.at.offset - self.start, unit: Unit::Bytes }
    }
}
