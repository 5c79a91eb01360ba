//! Claude Code transcripts: one session per file, `<root>/projects/<folder of the working directory>/<session>.jsonl`,
//! those of sub-agents under `<session>/subagents/`.
//!
//! The format is not documented by its maker. What is read here is what public readers of it agree on: lines of
//! `user` and `assistant` wrap a message whose content is a string or a list of blocks; a tool's result comes back on
//! a `user` line; everything else is bookkeeping, but for titles, notices and prompts typed while the agent worked.
//! Thoughts are messages of their own. What a resumed or forked session has copied stays in the session where it was said.

mod discover;
mod entry;
mod origin;
mod started;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use lichen_model::{
    Batch, Message, MessageId, Progress, Role, Stream, StreamId, StreamKind, Zoned,
};

use super::agent::{append, count, note, tools};
use super::lines::{Line, Lines};
use super::parts::{Draft, Meta, key};
use super::{Format, Source, time};
use crate::{Estimate, Read, Result, Unit};

pub use discover::discover;

use entry::{Block, Entry, Kind};
use origin::Origins;
use started::{Agent, prompt_of};

/// The name of the format.
pub const NAME: &str = "claude-code";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| Ok(Box::new(Reader::open(source.clone())?)),
    discover: Some(discover::discover),
};

/// A line that only these transcripts have stands near the beginning.
fn sniff(path: &Path, head: &[u8]) -> bool {
    let lines = head.split(|&byte| byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let marked = |line: &str| {
        let has = |key: &str| line.contains(key);
        (has("\"sessionId\"") && (has("\"parentUuid\"") || has("\"type\":\"queue-operation\"")))
            || (has("\"leafUuid\"") && has("\"summary\""))
            || has("\"type\":\"file-history-snapshot\"")
    };
    path.extension().is_some_and(|name| name == "jsonl") && lines.take(20).any(marked)
}

/// The messages of a session, batch by batch.
pub struct Reader {
    source: Source,
    lines: Lines,
    stream: StreamId,
    /// The session's id, and the sub-agent's where it is one's transcript.
    name: String,
    told: Told,
    origins: Origins,
    unread_before: Option<u64>,
    start: u64,
    done: bool,
}

/// What earlier lines told that later ones refer to.
#[derive(Default)]
struct Told {
    /// Messages by the id of their line.
    lines: HashMap<String, MessageId>,
    /// Messages by the tool calls they hold, and the tool.
    calls: HashMap<String, (MessageId, String)>,
    /// Messages by what they ask a sub-agent to do, hashed.
    prompts: HashMap<u64, MessageId>,
    /// Messages that were said in other sessions, which are named.
    elsewhere: HashMap<MessageId, String>,
    title: Title,
}

/// The session that a line was said in, and its id there.
struct Home {
    stream: StreamId,
    /// `None` for the session of the file.
    other: Option<String>,
    uuid: String,
}

/// The best title so far: of a higher rank, or later.
#[derive(Default)]
struct Title {
    rank: u8,
    text: String,
}

impl Reader {
    /// Opens a transcript where the last reading stopped.
    pub fn open(source: Source) -> Result<Self> {
        let lines = Lines::of(&source)?;
        let name = stream_name(&source.path);
        let mut told = Told::default();
        if let Some((rank, text)) = lines.at.extra.split_once(' ') {
            told.title = Title { rank: rank.parse().unwrap_or_default(), text: text.to_owned() };
        }
        let start = lines.at.offset;
        let unread_before = (start > 0).then_some(start);
        Ok(Self {
            stream: Stream::id(NAME, &name),
            origins: Origins::new(&source.path),
            source,
            lines,
            name,
            told,
            unread_before,
            start,
            done: false,
        })
    }

    /// Reads the lines before the position once a line refers to one that is not known: see
    /// [`jsonl`](super::jsonl), which does the same.
    fn read_before(&mut self) -> Result<()> {
        let Some(end) = self.unread_before.take() else { return Ok(()) };
        let mut lines = self.lines.told_before(end)?;
        let mut buffer = Vec::new();
        // Titles are kept in the position; only ids are wanted here.
        let title = std::mem::take(&mut self.told.title);
        while let Some(line) = lines.next(&mut buffer)? {
            if line != Line::TooLong
                && let Ok(Some(entry)) = Entry::parse(&String::from_utf8_lossy(&buffer))
            {
                self.messages(entry);
            }
        }
        self.told.title = title;
        Ok(())
    }

    fn refers_to_unknown(&self, entry: &Entry) -> bool {
        let parent =
            entry.parent.as_ref().is_some_and(|parent| !self.told.lines.contains_key(parent));
        let call = |block: &Block| match block {
            Block::ToolResult { call, .. } => !self.told.calls.contains_key(call),
            _ => false,
        };
        parent || entry.blocks.iter().any(call)
    }

    /// The messages of a line, and the name of the session they were said in; what later lines need to know of it is
    /// kept.
    fn messages(&mut self, entry: Entry) -> (Vec<Message>, String) {
        let home = self.home(&entry);
        let mut messages = match &entry.kind {
            Kind::Title { rank, text, leaf } => {
                let in_file = leaf.as_ref().is_some_and(|leaf| self.told.lines.contains_key(leaf));
                // The position keeps the title.
                let text = self.source.redact(Cow::Borrowed(text));
                self.told.title.offer(rank + u8::from(in_file), &text);
                Vec::new()
            }
            Kind::Message(role) => self.said(&entry, *role, &home),
        };
        // Several messages of one line are told apart by their place in it. Thoughts do not count: they were no messages
        // once, and what is known keeps its id.
        let spoken = messages.iter_mut().filter(|message| message.role != Role::Thinking);
        for (place, message) in spoken.enumerate().skip(1) {
            message.external_id = format!("{}#{place}", message.external_id);
            message.id = Message::id(home.stream, &message.external_id, message.sent.at);
        }
        for message in &mut messages {
            let id = message.id;
            for (ord, call) in (0..).zip(&mut message.tool_calls) {
                call.id = lichen_model::ToolCall::id(id, ord);
                self.told.calls.insert(call.external_id.clone(), (id, call.tool.clone()));
                if let Some(prompt) = prompt_of(call) {
                    self.told.prompts.insert(key(&prompt), id);
                }
            }
            if let Some(session) = &home.other {
                self.told.elsewhere.insert(id, session.clone());
            }
        }
        if let Some(last) = messages.last() {
            self.told.lines.insert(entry.uuid, last.id);
        } else if let Some(above) =
            entry.parent.and_then(|parent| self.told.lines.get(&parent).copied())
        {
            // A line that says nothing still stands between two that do.
            self.told.lines.insert(entry.uuid, above);
        }
        (messages, home.other.unwrap_or_else(|| self.name.clone()))
    }

    fn home(&mut self, entry: &Entry) -> Home {
        let other = match entry.kind {
            Kind::Message(_) => self.origins.of(entry, &self.source),
            Kind::Title { .. } => None,
        };
        match other {
            Some((session, uuid)) => {
                Home { stream: Stream::id(NAME, &session), other: Some(session), uuid }
            }
            None => Home { stream: self.stream, other: None, uuid: entry.uuid.clone() },
        }
    }

    /// What the first line of a sub-agent answers: the call that started it, and the session that holds the call.
    fn start(&mut self, entry: &Entry) -> (Option<MessageId>, Option<String>) {
        let prompt = entry.blocks.iter().find_map(|block| match block {
            Block::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let prompt = prompt.unwrap_or_default();
        if !self.origins.is_agent() {
            let call = entry.sidechain.then(|| self.told.prompts.get(&key(&prompt)).copied());
            return (call.flatten(), None);
        }
        let Some(agent) = Agent::of(&self.source, &entry.session) else { return (None, None) };
        let title = self.source.redact(Cow::Borrowed(&agent.title)).into_owned();
        self.told.title.offer(2, &title);
        (agent.started_by(prompt, &self.source), Some(agent.session))
    }

    fn said(&mut self, entry: &Entry, role: Role, home: &Home) -> Vec<Message> {
        let mut reply_to =
            entry.parent.as_ref().and_then(|parent| self.told.lines.get(parent).copied());
        let mut above = None;
        if entry.parent.is_none() && self.told.lines.is_empty() | entry.sidechain {
            (reply_to, above) = self.start(entry);
        }
        let continues = home.other.is_none().then(|| self.told.elsewhere.get(&reply_to?)).flatten();
        let joined = |meta: &mut Meta| {
            note(meta, "parent", above.as_deref());
            note(meta, "continues", continues.map(String::as_str));
        };
        let sent = match (entry.problem, reply_to) {
            (Some(_), Some(above)) => Zoned { at: above.0.at(), offset_minutes: 0 },
            _ => entry.sent,
        };
        let message = |role, author: String, text, reply_to, meta: Meta| Message {
            id: Message::id(home.stream, &home.uuid, sent.at),
            stream: home.stream,
            external_id: home.uuid.clone(),
            author,
            role,
            sent,
            text,
            tokens: 0,
            reply_to,
            replaces: None,
            tool_calls: Vec::new(),
            meta: meta.finish(),
        };
        let mut messages = Vec::new();
        let (mut text, mut thinking, mut images) = (String::new(), String::new(), 0_u32);
        let mut calls = Vec::new();
        for block in &entry.blocks {
            match block {
                Block::Text(part) => append(&mut text, part),
                Block::Thinking(part) => append(&mut thinking, part),
                Block::Image => images += 1,
                Block::ToolUse { id, tool, input } => {
                    calls.push(tools::call(id, tool, input, &self.source.repo_roots, &entry.cwd));
                }
                Block::ToolResult { call, text, error, images } => {
                    let known = self.told.calls.get(call);
                    let tool = known.map_or_else(String::new, |(_, tool)| tool.clone());
                    let mut meta = Meta::default();
                    meta.text("tool_use_id", call);
                    if *error {
                        meta.raw("is_error", "true");
                    }
                    count(&mut meta, "images", *images);
                    note(&mut meta, "agentId", entry.agent.as_deref());
                    entry.place(&mut meta);
                    messages.push(message(
                        Role::Tool,
                        tool,
                        text.clone(),
                        known.map(|(id, _)| *id).or(reply_to),
                        meta,
                    ));
                }
            }
        }
        let mut meta = Meta::default();
        for (key, json) in &entry.meta {
            meta.raw(key, json);
        }
        let says = !text.is_empty() || !calls.is_empty() || images > 0;
        if !thinking.is_empty() {
            let mut meta = meta.clone();
            entry.place(&mut meta);
            if !says {
                joined(&mut meta);
            }
            let mut thought = message(Role::Thinking, String::new(), thinking, reply_to, meta);
            thought.external_id.push_str("#thinking");
            thought.id = Message::id(home.stream, &thought.external_id, sent.at);
            messages.push(thought);
        }
        count(&mut meta, "images", images);
        if says {
            entry.place(&mut meta);
            joined(&mut meta);
            let mut said = message(role, String::new(), text, reply_to, meta);
            said.tool_calls = calls;
            messages.push(said);
        }
        messages
    }
}

impl Title {
    fn offer(&mut self, rank: u8, text: &str) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if rank >= self.rank && !text.is_empty() {
            *self = Self { rank, text };
        }
    }
}

/// `<session>`, or `<session>/<agent>` for a sub-agent's transcript in its session's folder.
fn stream_name(path: &Path) -> String {
    let name = |part: Option<&std::ffi::OsStr>| {
        part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let stem = name(path.file_stem());
    let folder =
        path.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "subagents"));
    match folder.and_then(Path::parent) {
        Some(session) => format!("{}/{stem}", name(session.file_name())),
        None => stem,
    }
}

impl Read for Reader {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut draft = Draft::new(&self.source);
        let mut unknown: BTreeMap<String, u64> = BTreeMap::new();
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
            if buffer.trim_ascii().is_empty() {
                continue;
            }
            let text = String::from_utf8_lossy(&buffer);
            match Entry::parse(&text) {
                Ok(Some(entry)) => {
                    if self.unread_before.is_some() && self.refers_to_unknown(&entry) {
                        self.read_before()?;
                    }
                    if let Some(what) = entry.problem {
                        draft.problems.line(&self.source.label, number, what);
                    }
                    let (messages, name) = self.messages(entry);
                    for message in messages {
                        draft.stream(message.stream, || stream(message.stream, &name));
                        draft.push(message);
                    }
                }
                Ok(None) => {}
                Err(entry::Refused::Unknown(kind)) => *unknown.entry(kind).or_default() += 1,
                Err(entry::Refused::Damaged(_)) if line == Line::Unended => {
                    self.lines.unread();
                    self.done = true;
                    break;
                }
                Err(entry::Refused::Damaged(what)) => {
                    draft.problems.line(&self.source.label, number, what);
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
        if !unknown.is_empty() {
            let kinds: Vec<_> =
                unknown.iter().map(|(kind, count)| format!("{count} of `{kind}`")).collect();
            let what = format!("has lines of unknown types, skipped: {}", kinds.join(", "));
            draft.problems.line(&self.source.label, self.lines.at.lines, what);
        }
        let Title { rank, text } = &self.told.title;
        if !text.is_empty() {
            let name = &self.name;
            draft.stream(self.stream, || stream(self.stream, name)).title.clone_from(text);
        }
        let extra = if text.is_empty() { String::new() } else { format!("{rank} {text}") };
        let progress = Progress {
            source: format!("{NAME}:{}", self.source.label),
            position: self.lines.position(&extra)?,
        };
        Ok(Some(draft.finish(&self.source.label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let total = self.lines.len().saturating_sub(self.start);
        Estimate { total, done: self.lines.at.offset - self.start, unit: Unit::Bytes }
    }

    fn grown(&mut self) -> Result<bool> {
        self.done = !self.lines.grown()?;
        Ok(!self.done)
    }
}

fn stream(id: StreamId, name: &str) -> Stream {
    Stream {
        id,
        source: NAME.to_owned(),
        name: name.to_owned(),
        kind: StreamKind::Agent,
        title: String::new(),
    }
}

/// A line's time.
fn sent(text: Option<&str>) -> (Zoned, Option<&'static str>) {
    match text.and_then(time::parse) {
        Some(sent) => (sent, None),
        None => (
            Zoned::default(),
            Some("has no time that can be read; taken from the line it follows, or as 1970"),
        ),
    }
}
