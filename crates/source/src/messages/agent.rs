//! What agents' transcripts have in common: sessions, what is said in them, and what answers what.

pub(super) mod growing;
pub(super) mod home;
pub(super) mod tools;

mod apply_patch;

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lichen_model::{Message, MessageId, Role, Stream, StreamId, StreamKind, ToolCall, Zoned};
use serde_json::{Map, Value};

use super::Source;
use super::parts::{self, Meta, without_lone_surrogates};
use crate::redact::Redactor;

/// Why an entry was not taken.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is of a type that is not known.
    Unknown(String),
    /// It cannot be read.
    Damaged(String),
}

/// Reads an entry that must be an object.
pub(super) fn object(json: &str) -> Result<Map<String, Value>, Refused> {
    let json = json.trim_start_matches('\u{feff}');
    serde_json::from_str(json)
        .or_else(|_| serde_json::from_str(&without_lone_surrogates(json)))
        .map_err(|error| Refused::Damaged(format!("is no JSON object ({error}); skipped")))
}

/// A text under `key` that is not empty.
pub(super) fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// The object under `key`.
pub(super) fn inner<'a>(
    object: &'a Map<String, Value>,
    key: &str,
) -> Option<&'a Map<String, Value>> {
    object.get(key)?.as_object()
}

/// The values of the array under `key`.
pub(super) fn list<'a>(object: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Adds a paragraph.
pub(super) fn append(text: &mut String, part: &str) {
    if !text.is_empty() && !part.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(part);
}

/// Adds a count that is not zero.
pub(super) fn count(meta: &mut Meta, key: &str, count: u32) {
    if count > 0 {
        meta.raw(key, &count.to_string());
    }
}

/// Adds a text that is there.
pub(super) fn note(meta: &mut Meta, key: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        meta.text(key, text);
    }
}

/// Where a session stands: told with each of its messages.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) cwd: PathBuf,
    pub(super) branch: String,
    pub(super) commit: String,
}

impl Place {
    pub(super) fn tell(&self, meta: &mut Meta) {
        note(meta, "cwd", Some(&self.cwd.to_string_lossy()));
        note(meta, "gitBranch", Some(&self.branch));
        note(meta, "gitCommit", Some(&self.commit));
    }
}

/// What an entry says, before it is a message.
pub(super) struct Said {
    /// Its id in the session; empty where the tool gives none.
    pub(super) id: String,
    pub(super) role: Role,
    pub(super) author: String,
    /// `None` where the tool does not tell: then the time of what was said before.
    pub(super) sent: Option<Zoned>,
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
    /// The call whose result it is.
    pub(super) answers: Option<String>,
    pub(super) meta: Meta,
}

impl Said {
    pub(super) fn new(role: Role, id: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            role,
            author: String::new(),
            sent: None,
            text: text.into(),
            calls: Vec::new(),
            answers: None,
            meta: Meta::default(),
        }
    }
}

/// Where a session comes from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// `continues` for one that was resumed or forked, `parent` for a sub-agent's.
    pub(super) relation: &'static str,
    /// The name of the session before it, or above it.
    pub(super) session: String,
    /// The message there that its first one answers, if it was found.
    pub(super) message: Option<MessageId>,
}

/// A session while it is read: it gives what is said an id, and a message to answer.
pub(super) struct Session {
    source: &'static str,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) stream: StreamId,
    redactor: Option<Arc<Redactor>>,
    /// Messages by the tool calls they hold, and the tool.
    calls: HashMap<String, (MessageId, String)>,
    /// How many messages without an id had this author, text and time.
    equals: HashMap<u64, u32>,
    last: Option<(MessageId, Zoned)>,
    /// Told with the first message.
    pub(super) origin: Option<Origin>,
}

impl Session {
    pub(super) fn new(source: &'static str, name: &str, read: &Source) -> Self {
        Self {
            source,
            name: name.to_owned(),
            title: String::new(),
            stream: Stream::id(source, name),
            redactor: read.redactor.clone(),
            calls: HashMap::new(),
            equals: HashMap::new(),
            last: None,
            origin: None,
        }
    }

    /// The stream that the session's messages stand in.
    pub(super) fn stream(&self) -> Stream {
        Stream {
            id: self.stream,
            source: self.source.to_owned(),
            name: self.name.clone(),
            kind: StreamKind::Agent,
            title: self.title.clone(),
        }
    }

    /// Gives the session a title for people; an empty one changes nothing.
    pub(super) fn entitle(&mut self, title: &str) {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        if !title.is_empty() {
            self.title = title;
        }
    }

    /// What was said last.
    pub(super) const fn last(&self) -> Option<(MessageId, Zoned)> {
        self.last
    }

    /// Lets the next message answer another one than the last.
    pub(super) const fn go_back(&mut self, to: Option<(MessageId, Zoned)>) {
        self.last = to;
    }

    /// Remembers a message that is told elsewhere.
    pub(super) fn recall(&mut self, id: MessageId, sent: Zoned, calls: &[(String, String)]) {
        for (call, tool) in calls {
            self.calls.insert(call.clone(), (id, tool.clone()));
        }
        self.last = Some((id, sent));
    }

    /// The message that says it.
    pub(super) fn say(&mut self, said: Said) -> Message {
        let Said { id: external_id, role, mut author, sent, text, mut calls, answers, mut meta } =
            said;
        let sent = sent.or(self.last.map(|(_, sent)| sent)).unwrap_or_default();
        let call = answers.as_ref().and_then(|call| self.calls.get(call));
        if let (Some((_, tool)), true) = (call, author.is_empty()) {
            author.clone_from(tool);
        }
        let mut reply_to = call.map(|(id, _)| *id).or(self.last.map(|(id, _)| id));
        note(&mut meta, "tool_use_id", answers.as_deref());
        if let Some(origin) = self.origin.take() {
            meta.text(origin.relation, &origin.session);
            reply_to = origin.message.or(reply_to);
        }
        let id = self.id(&external_id, &author, &text, sent);
        for (ord, call) in (0..).zip(&mut calls) {
            call.id = ToolCall::id(id, ord);
            self.calls.insert(call.external_id.clone(), (id, call.tool.clone()));
        }
        self.last = Some((id, sent));
        Message {
            id,
            stream: self.stream,
            external_id,
            author,
            role,
            sent,
            text,
            tokens: 0,
            reply_to,
            replaces: None,
            tool_calls: calls,
            meta: meta.finish(),
        }
    }

    fn id(&mut self, external: &str, author: &str, text: &str, sent: Zoned) -> MessageId {
        if !external.is_empty() {
            return Message::id(self.stream, external, sent.at);
        }
        let text = match &self.redactor {
            Some(redactor) => redactor.redact(text),
            None => Cow::Borrowed(text),
        };
        let nth = self.equals.entry(parts::key(&(author, &text, sent.at))).or_default();
        let id = Message::id_by_content(self.stream, author, &text, *nth, sent.at);
        *nth += 1;
        id
    }
}

/// The name of a file without its last extension.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}
