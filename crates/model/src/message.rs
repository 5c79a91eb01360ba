//! Streams, the messages in them, and the tools that agents used.

use crate::{MessageId, RepoPath, StreamId, TextHash, Timestamp, ToolCallId, Zoned};

/// Who speaks in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// People.
    Chat,
    /// An agent's session: a person, a model and its tools.
    Agent,
}

/// An ordered source of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Derived from source and name.
    pub id: StreamId,
    /// The tool or format it comes from: `jsonl`, `claude-code`, ...
    pub source: String,
    /// Its name there: a channel, a session's id.
    pub name: String,
    /// Who speaks in it.
    pub kind: StreamKind,
    /// A title for people; empty where the source has none.
    pub title: String,
}

impl Stream {
    /// The id of the stream that `source` calls `name`.
    pub fn id(source: &str, name: &str) -> StreamId {
        StreamId::derive(Timestamp(0), &[source.as_bytes(), name.as_bytes()])
    }
}

/// In which part a message was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A person.
    User,
    /// A model.
    Assistant,
    /// A tool's answer.
    Tool,
    /// The surroundings: notices, joins, instructions.
    System,
    /// A model's reasoning before it speaks: a message of its own, found only when asked for.
    Thinking,
}

/// One utterance in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Derived from the stream and the message's own id there.
    pub id: MessageId,
    /// Where it was said.
    pub stream: StreamId,
    /// Its id at the source; empty where the source has none.
    pub external_id: String,
    /// Who said it; empty where unknown.
    pub author: String,
    /// In which part.
    pub role: Role,
    /// When, with the zone where the source tells it.
    pub sent: Zoned,
    /// The text, verbatim.
    pub text: String,
    /// Tokens of `text` as the built-in tokenizer counts them: what windows are cut by. Sources leave 0, the engine
    /// counts.
    pub tokens: u32,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// The message it takes the place of. An edit is a new message, and so is a deletion, which has no text and
    /// `"deleted":true` in `meta`; both keep the time of what they replace. Of several that replace one, the last to
    /// arrive holds.
    pub replaces: Option<MessageId>,
    /// Use of tools, in order.
    pub tool_calls: Vec<ToolCall>,
    /// Further fields of the source as a JSON object; empty for none.
    pub meta: String,
}

impl Message {
    /// The id of the message that `stream` calls `external_id`.
    pub fn id(stream: StreamId, external_id: &str, at: Timestamp) -> MessageId {
        MessageId::derive(at, &[&stream.as_u128().to_be_bytes(), b"id", external_id.as_bytes()])
    }

    /// The id of the edit that gives `replaced` this text; of its deletion for none.
    pub fn id_of_edit(replaced: MessageId, text: Option<&str>) -> MessageId {
        let hash = text.map_or(0, |text| TextHash::of(text).0).to_be_bytes();
        let parts = [&replaced.as_u128().to_be_bytes()[..], b"edit", &hash];
        MessageId::derive(replaced.0.at(), &parts)
    }

    /// The id of a message that has none at its source: its author and text, and how many equal ones of the same
    /// time came before it in the stream.
    pub fn id_by_content(
        stream: StreamId,
        author: &str,
        text: &str,
        nth: u32,
        at: Timestamp,
    ) -> MessageId {
        let hash = TextHash::of(text).0.to_be_bytes();
        MessageId::derive(
            at,
            &[
                &stream.as_u128().to_be_bytes(),
                b"text",
                author.as_bytes(),
                &hash,
                &nth.to_be_bytes(),
            ],
        )
    }
}

/// An agent's use of a tool, as structured as the transcript tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// Derived from the message and the place in it.
    pub id: ToolCallId,
    /// The call's id at the source; the tool's answer names it.
    pub external_id: String,
    /// The tool's name: `Edit`, `Bash`, ...
    pub tool: String,
    /// Files it names: relative to the repository where they lie in it, else as written.
    pub paths: Vec<RepoPath>,
    /// The command line, for a shell.
    pub command: Option<String>,
    /// The change to a file in unified diff form, for an edit.
    pub patch: Option<String>,
    /// All arguments as JSON, verbatim.
    pub input: String,
}

impl ToolCall {
    /// The id of the call at place `ord` of `message`.
    pub fn id(message: MessageId, ord: u32) -> ToolCallId {
        ToolCallId::derive(message.0.at(), &[&message.as_u128().to_be_bytes(), &ord.to_be_bytes()])
    }
}
