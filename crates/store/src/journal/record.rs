//! A record: the messages of a batch as bytes. Their form is the journal's own, so that the model is free to change.
//!
//! A record begins with the version of its form. Records live from a write to the next checkpoint; a program that meets a
//! version it does not know says so and leaves the journal as it is.

use std::borrow::Cow;

use lichen_model::{
    AnyId, Batch, Id, Kind, Message, MessageId, Owner, Passage, PassageKind, Progress, RepoPath,
    Role, Stream, StreamId, StreamKind, Tag, Timestamp, ToolCall, ToolCallId, Zoned,
};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use run::RunRecord;

mod run;

/// The form that is written.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    streams: Vec<StreamRecord<'a>>,
    #[serde(borrow)]
    messages: Vec<MessageRecord<'a>>,
    #[serde(borrow)]
    passages: Vec<PassageRecord<'a>>,
    #[serde(borrow)]
    tags: Vec<TagRecord<'a>>,
    #[serde(borrow)]
    runs: Vec<RunRecord<'a>>,
    #[serde(borrow)]
    progress: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

type RawId = [u8; 16];

#[derive(Serialize, Deserialize)]
struct StreamRecord<'a> {
    id: RawId,
    source: Cow<'a, str>,
    name: Cow<'a, str>,
    agent: bool,
    title: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct MessageRecord<'a> {
    id: RawId,
    stream: RawId,
    external_id: Cow<'a, str>,
    author: Cow<'a, str>,
    role: u8,
    sent_at: i64,
    sent_offset: i16,
    text: Cow<'a, str>,
    tokens: u32,
    reply_to: Option<RawId>,
    replaces: Option<RawId>,
    tool_calls: Vec<ToolCallRecord<'a>>,
    meta: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct ToolCallRecord<'a> {
    id: RawId,
    external_id: Cow<'a, str>,
    tool: Cow<'a, str>,
    paths: Vec<Cow<'a, [u8]>>,
    command: Option<Cow<'a, str>>,
    patch: Option<Cow<'a, str>>,
    input: Cow<'a, str>,
}

/// A passage of a message.
#[derive(Serialize, Deserialize)]
struct PassageRecord<'a> {
    message: RawId,
    ord: u32,
    kind: u8,
    start: u32,
    end: u32,
    line: u32,
    context: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct TagRecord<'a> {
    /// The letter of the thing's kind.
    letter: char,
    thing: RawId,
    name: Cow<'a, str>,
}

/// The messages of `batch` with their streams, passages, labels, runs and progress, as bytes.
///
/// # Errors
/// A batch of commits, documents or refs: their sources can be read again, so they are appended at once.
pub(crate) fn encode(batch: &Batch) -> Result<Vec<u8>> {
    let replayable = batch.repos.len()
        + batch.people.len()
        + batch.commits.len()
        + batch.refs.len()
        + batch.versions.len();
    if replayable > 0 {
        return Err(Error::NotLive);
    }
    let record = Record {
        streams: batch.streams.iter().map(StreamRecord::of).collect(),
        messages: batch.messages.iter().map(MessageRecord::of).collect(),
        passages: batch
            .passages
            .iter()
            .map(PassageRecord::of)
            .collect::<Option<_>>()
            .ok_or(Error::NotLive)?,
        tags: batch.tags.iter().map(TagRecord::of).collect(),
        runs: batch.runs.iter().map(RunRecord::of).collect(),
        progress: batch
            .progress
            .iter()
            .map(|progress| (Cow::Borrowed(&*progress.source), Cow::Borrowed(&*progress.position)))
            .collect(),
    };
    postcard::to_extend(&record, vec![VERSION])
        .map_err(|error| Error::Record { what: error.to_string() })
}

/// The batch that `bytes` were made of.
pub(crate) fn decode(bytes: &[u8]) -> Result<Batch> {
    let odd = |what: String| Error::Record { what };
    let (version, bytes) = bytes.split_first().ok_or_else(|| odd("it is empty".to_owned()))?;
    if *version != VERSION {
        return Err(Error::NewerRecord { version: *version });
    }
    let record: Record<'_> = postcard::from_bytes(bytes).map_err(|error| odd(error.to_string()))?;
    record.batch().ok_or_else(|| odd("it names a kind that there is not".to_owned()))
}

impl Record<'_> {
    fn batch(self) -> Option<Batch> {
        Some(Batch {
            streams: self.streams.into_iter().map(StreamRecord::stream).collect(),
            messages: self
                .messages
                .into_iter()
                .map(MessageRecord::message)
                .collect::<Option<_>>()?,
            passages: self
                .passages
                .into_iter()
                .map(PassageRecord::passage)
                .collect::<Option<_>>()?,
            tags: self.tags.into_iter().map(TagRecord::tag).collect::<Option<_>>()?,
            runs: self.runs.into_iter().map(RunRecord::event).collect(),
            progress: self
                .progress
                .into_iter()
                .map(|(source, position)| Progress {
                    source: source.into_owned(),
                    position: position.into_owned(),
                })
                .collect(),
            ..Batch::default()
        })
    }
}

fn raw(id: u128) -> RawId {
    id.to_be_bytes()
}

fn message_id(raw: RawId) -> MessageId {
    MessageId::from_u128(u128::from_be_bytes(raw))
}

impl<'a> StreamRecord<'a> {
    fn of(stream: &'a Stream) -> Self {
        Self {
            id: raw(stream.id.as_u128()),
            source: Cow::Borrowed(&stream.source),
            name: Cow::Borrowed(&stream.name),
            agent: stream.kind == StreamKind::Agent,
            title: Cow::Borrowed(&stream.title),
        }
    }

    fn stream(self) -> Stream {
        Stream {
            id: StreamId::from_u128(u128::from_be_bytes(self.id)),
            source: self.source.into_owned(),
            name: self.name.into_owned(),
            kind: if self.agent { StreamKind::Agent } else { StreamKind::Chat },
            title: self.title.into_owned(),
        }
    }
}

/// Roles by their number in records: never change the order, add at the end.
const ROLES: [Role; 5] = [Role::User, Role::Assistant, Role::Tool, Role::System, Role::Thinking];

fn role_number(role: Role) -> u8 {
    match role {
        Role::User => 0,
        Role::Assistant => 1,
        Role::Tool => 2,
        Role::System => 3,
        Role::Thinking => 4,
    }
}

impl<'a> MessageRecord<'a> {
    fn of(message: &'a Message) -> Self {
        Self {
            id: raw(message.id.as_u128()),
            stream: raw(message.stream.as_u128()),
            external_id: Cow::Borrowed(&message.external_id),
            author: Cow::Borrowed(&message.author),
            role: role_number(message.role),
            sent_at: message.sent.at.millis(),
            sent_offset: message.sent.offset_minutes,
            text: Cow::Borrowed(&message.text),
            tokens: message.tokens,
            reply_to: message.reply_to.map(|id| raw(id.as_u128())),
            replaces: message.replaces.map(|id| raw(id.as_u128())),
            tool_calls: message.tool_calls.iter().map(ToolCallRecord::of).collect(),
            meta: Cow::Borrowed(&message.meta),
        }
    }

    fn message(self) -> Option<Message> {
        Some(Message {
            id: message_id(self.id),
            stream: StreamId::from_u128(u128::from_be_bytes(self.stream)),
            external_id: self.external_id.into_owned(),
            author: self.author.into_owned(),
            role: *ROLES.get(usize::from(self.role))?,
            sent: Zoned { at: Timestamp(self.sent_at), offset_minutes: self.sent_offset },
            text: self.text.into_owned(),
            tokens: self.tokens,
            reply_to: self.reply_to.map(message_id),
            replaces: self.replaces.map(message_id),
            tool_calls: self.tool_calls.into_iter().map(ToolCallRecord::call).collect(),
            meta: self.meta.into_owned(),
        })
    }
}

impl<'a> ToolCallRecord<'a> {
    fn of(call: &'a ToolCall) -> Self {
        Self {
            id: raw(call.id.as_u128()),
            external_id: Cow::Borrowed(&call.external_id),
            tool: Cow::Borrowed(&call.tool),
            paths: call.paths.iter().map(|path| Cow::Borrowed(&*path.0)).collect(),
            command: call.command.as_deref().map(Cow::Borrowed),
            patch: call.patch.as_deref().map(Cow::Borrowed),
            input: Cow::Borrowed(&call.input),
        }
    }

    fn call(self) -> ToolCall {
        ToolCall {
            id: ToolCallId::from_u128(u128::from_be_bytes(self.id)),
            external_id: self.external_id.into_owned(),
            tool: self.tool.into_owned(),
            paths: self.paths.into_iter().map(|path| RepoPath(path.into_owned())).collect(),
            command: self.command.map(Cow::into_owned),
            patch: self.patch.map(Cow::into_owned),
            input: self.input.into_owned(),
        }
    }
}

impl<'a> PassageRecord<'a> {
    /// `None` for a passage of anything but a message.
    fn of(passage: &'a Passage) -> Option<Self> {
        let Owner::Message(message) = passage.owner else { return None };
        Some(Self {
            message: raw(message.as_u128()),
            ord: passage.ord,
            kind: passage.kind as u8,
            start: passage.span.start,
            end: passage.span.end,
            line: passage.line,
            context: Cow::Borrowed(&passage.context),
        })
    }

    fn passage(self) -> Option<Passage> {
        Some(Passage {
            owner: Owner::Message(message_id(self.message)),
            ord: self.ord,
            kind: *PassageKind::ALL.get(usize::from(self.kind))?,
            span: self.start..self.end,
            line: self.line,
            context: self.context.into_owned(),
        })
    }
}

impl<'a> TagRecord<'a> {
    fn of(tag: &'a Tag) -> Self {
        Self {
            letter: tag.thing.kind.letter(),
            thing: raw(tag.thing.id.as_u128()),
            name: Cow::Borrowed(&tag.name),
        }
    }

    fn tag(self) -> Option<Tag> {
        let kind = Kind::from_letter(self.letter)?;
        let thing = AnyId::full(kind, Id::from_u128(u128::from_be_bytes(self.thing)));
        Some(Tag { thing, name: self.name.into_owned() })
    }
}
