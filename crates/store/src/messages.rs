//! Streams, the messages in them, and the tools that agents used.

pub(crate) mod order;
mod tokens;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use duckdb::Connection;
use lichen_model::{
    Message, MessageId, Owner, Passage, Problem, Role, Stream, StreamId, StreamKind, ToolCall,
};

use crate::append::{Known, Owners, Receipt, existing, stage};
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::row::{self, Raw};
use order::Standing;

/// The word that `messages.role` keeps for `role`.
pub(crate) const fn role_word(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
        Role::System => "system",
        Role::Thinking => "thinking",
    }
}

/// The role that `messages.role` keeps as `word`.
pub(crate) fn role_of(word: &str) -> Option<Role> {
    use Role::{Assistant, System, Thinking, Tool, User};
    [User, Assistant, Tool, System, Thinking].into_iter().find(|&role| role_word(role) == word)
}

/// The word that `streams.kind` keeps for `kind`.
pub(crate) const fn kind_word(kind: StreamKind) -> &'static str {
    match kind {
        StreamKind::Chat => "chat",
        StreamKind::Agent => "agent",
    }
}

/// The kind that `streams.kind` keeps as `word`.
pub(crate) fn kind_of(word: &str) -> Option<StreamKind> {
    [StreamKind::Chat, StreamKind::Agent].into_iter().find(|&kind| kind_word(kind) == word)
}

/// Adds streams, and follows a title that changed. What live feeds repeat with every message costs nothing.
pub(crate) fn append_streams(
    conn: &Connection,
    streams: &[Stream],
    titles: &mut HashMap<StreamId, String>,
) -> Result<()> {
    let doing = "store streams";
    let mut new: BTreeMap<StreamId, Stream> = BTreeMap::new();
    for stream in streams {
        let known = titles.get(&stream.id);
        if known.is_some_and(|title| stream.title.is_empty() || *title == stream.title) {
            continue;
        }
        let noted = new.entry(stream.id).or_insert_with(|| stream.clone());
        if !stream.title.is_empty() {
            noted.title.clone_from(&stream.title);
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    conn.execute_batch(
        "CREATE OR REPLACE TEMP TABLE named (stream_id UUID, source VARCHAR, name VARCHAR, kind VARCHAR, title VARCHAR)",
    )
    .doing(doing)?;
    Columns::default()
        .ids("stream_id", new.keys().map(|id| id.as_u128()))
        .texts("source", new.values().map(|stream| stream.source.as_str()))
        .texts("name", new.values().map(|stream| stream.name.as_str()))
        .texts("kind", new.values().map(|stream| kind_word(stream.kind)))
        .texts("title", new.values().map(|stream| stream.title.as_str()))
        .append_to(conn, "temp", "named")
        .doing(doing)?;
    conn.execute(
        "INSERT INTO streams (stream_id, source, name, kind, title)
         SELECT stream_id, source, name, kind, title FROM temp.named
         ON CONFLICT (stream_id) DO UPDATE SET title = excluded.title
         WHERE excluded.title <> '' AND streams.title <> excluded.title",
        [],
    )
    .doing(doing)?;
    titles.extend(new.into_values().map(|stream| (stream.id, stream.title)));
    Ok(())
}

/// Messages that turned out to be edits of stored ones, and under which ids they were stored.
#[derive(Default)]
pub(crate) struct Edits(HashMap<MessageId, MessageId>);

impl Edits {
    /// `passages`, those of messages that turned out to be edits as spans of the edits.
    pub(crate) fn of_passages<'a>(&self, passages: &'a [Passage]) -> Cow<'a, [Passage]> {
        if self.0.is_empty() {
            return Cow::Borrowed(passages);
        }
        let mut passages = passages.to_vec();
        for passage in &mut passages {
            if let Owner::Message(id) = &mut passage.owner
                && let Some(edit) = self.0.get(id)
            {
                *id = *edit;
            }
        }
        Cow::Owned(passages)
    }
}

/// Appends those of `messages` that are new. One whose id is there with another text is an edit of it, unless it or one
/// of its edits said the same before: then an older export was taken in after a newer one.
pub(crate) fn append<'a>(
    conn: &Connection,
    messages: &'a [Message],
    known: &mut Known,
    owners: &mut Owners<'a>,
    receipt: &mut Receipt,
) -> Result<Edits> {
    let ids = messages.iter().map(|message| message.id.as_u128());
    let stored = existing(conn, "messages", "message_id", ids, known.newest_message)?;
    let mut texts: HashMap<MessageId, &str> = HashMap::new();
    let mut new: Vec<Cow<'_, Message>> = Vec::new();
    let mut again: Vec<&Message> = Vec::new();
    for message in messages {
        if stored.contains(&message.id.as_u128()) {
            again.push(message);
        } else if let Some(text) = texts.get(&message.id) {
            contradiction(message, text, receipt);
        } else {
            texts.insert(message.id, &message.text);
            owners.insert(Owner::Message(message.id), message.text.as_str());
            new.push(Cow::Borrowed(message));
        }
    }
    let mut edits = Edits::default();
    for (edit, message) in edited(conn, &again, known)? {
        // Where a batch holds two edits of one message, the later one is taken at the next reading of its source.
        if edits.0.insert(message.id, edit.id).is_none() {
            owners.insert(Owner::Message(edit.id), message.text.as_str());
            new.push(Cow::Owned(edit));
        }
    }
    if new.is_empty() {
        return Ok(edits);
    }
    let new: Vec<&Message> = new.iter().map(AsRef::as_ref).collect();
    known.newest_message =
        known.newest_message.max(new.iter().map(|message| message.id.as_u128()).max());
    receipt.messages = new.len();
    receipt.edits = new.iter().filter(|message| message.replaces.is_some()).count();
    let standings = order::standings(conn, &new, &mut known.streams)?;
    append_messages(conn, &new, &standings)?;
    append_tool_calls(conn, &new, receipt)?;
    Ok(edits)
}

/// Those of `messages`, which are all stored, whose text was never stored, as edits.
fn edited<'a>(
    conn: &Connection,
    messages: &[&'a Message],
    known: &Known,
) -> Result<Vec<(Message, &'a Message)>> {
    let doing = "compare messages with those stored";
    let ids = || messages.iter().map(|message| message.id.as_u128());
    let (Some(low), Some(high)) = (ids().min(), ids().max()) else { return Ok(Vec::new()) };
    stage(conn, ids())?;
    let sql = format!(
        "SELECT message_id, text FROM messages WHERE message_id BETWEEN '{}'::UUID AND '{}'::UUID
         AND message_id IN (SELECT id FROM temp.staged)",
        row::uuid(low),
        row::uuid(high)
    );
    let mut statement = conn.prepare(&sql).doing(doing)?;
    let rows =
        statement.query_map([], |row| Ok((row.get::<_, Raw>(0)?.0, row.get::<_, String>(1)?)));
    let stored: HashMap<u128, String> = rows.and_then(Iterator::collect).doing(doing)?;
    let differs = |message: &&&Message| {
        stored.get(&message.id.as_u128()).is_some_and(|text| *text != message.text)
    };
    let edits: Vec<(Message, &Message)> =
        messages.iter().filter(differs).map(|&message| (edit_of(message), message)).collect();
    let ids = edits.iter().map(|(edit, _)| edit.id.as_u128());
    let there = existing(conn, "messages", "message_id", ids, known.newest_message)?;
    Ok(edits.into_iter().filter(|(edit, _)| !there.contains(&edit.id.as_u128())).collect())
}

/// `message` as the edit of what is stored under its id.
fn edit_of(message: &Message) -> Message {
    let id = Message::id_of_edit(message.id, Some(&message.text));
    let tool_calls = (0..)
        .zip(&message.tool_calls)
        .map(|(ord, call)| ToolCall { id: ToolCall::id(id, ord), ..call.clone() });
    Message { id, replaces: Some(message.id), tool_calls: tool_calls.collect(), ..message.clone() }
}

fn contradiction(message: &Message, text: &str, receipt: &mut Receipt) {
    if message.text != text {
        let what = "a message of this id stands twice in what was read, with two texts: the first one was kept";
        receipt.problems.push(Problem::new("messages", message.id.any().to_string(), what));
    }
}

fn append_messages(conn: &Connection, messages: &[&Message], standings: &[Standing]) -> Result<()> {
    // In the order of ids within the batch, so that block statistics prune.
    let mut rows: Vec<(&Message, Standing)> =
        messages.iter().copied().zip(standings.iter().copied()).collect();
    rows.sort_by_key(|(message, _)| message.id);
    let len = |message: &Message| u32::try_from(message.text.len()).unwrap_or(u32::MAX);
    Columns::default()
        .ids("message_id", rows.iter().map(|(message, _)| message.id.as_u128()))
        .ids("stream_id", rows.iter().map(|(message, _)| message.stream.as_u128()))
        .i64s("ordinal", rows.iter().map(|(_, standing)| standing.ordinal))
        .texts("external_id", rows.iter().map(|(message, _)| message.external_id.as_str()))
        .texts("author", rows.iter().map(|(message, _)| message.author.as_str()))
        .texts("role", rows.iter().map(|(message, _)| role_word(message.role)))
        .times("sent_at", rows.iter().map(|(message, _)| message.sent.at))
        .i16s("sent_offset", rows.iter().map(|(message, _)| message.sent.offset_minutes))
        .texts("text", rows.iter().map(|(message, _)| message.text.as_str()))
        .u32s("byte_len", rows.iter().map(|(message, _)| len(message)))
        .u32s("tokens", rows.iter().map(|(message, _)| message.tokens))
        .bools("late", rows.iter().map(|(_, standing)| standing.late))
        .i64s("place", rows.iter().map(|(_, standing)| standing.sums.place))
        .i64s("cum_bytes", rows.iter().map(|(_, standing)| standing.sums.bytes))
        .i64s_opt("cum_tokens", rows.iter().map(|(_, standing)| standing.sums.tokens))
        .ids_opt(
            "reply_to",
            rows.iter().map(|(message, _)| message.reply_to.map(MessageId::as_u128)),
        )
        .ids_opt(
            "replaces",
            rows.iter().map(|(message, _)| message.replaces.map(MessageId::as_u128)),
        )
        .texts("meta", rows.iter().map(|(message, _)| message.meta.as_str()))
        .append(conn, "messages")
        .doing("store messages")
}

fn append_tool_calls(
    conn: &Connection,
    messages: &[&Message],
    receipt: &mut Receipt,
) -> Result<()> {
    let calls: Vec<(MessageId, u32, &ToolCall)> = messages
        .iter()
        .flat_map(|message| {
            (0_u32..).zip(&message.tool_calls).map(|(ord, call)| (message.id, ord, call))
        })
        .collect();
    receipt.tool_calls = calls.len();
    Columns::default()
        .ids("tool_call_id", calls.iter().map(|call| call.2.id.as_u128()))
        .ids("message_id", calls.iter().map(|call| call.0.as_u128()))
        .u32s("ord", calls.iter().map(|call| call.1))
        .texts("external_id", calls.iter().map(|call| call.2.external_id.as_str()))
        .texts("tool", calls.iter().map(|call| call.2.tool.as_str()))
        .path_lists("paths", calls.iter().map(|call| call.2.paths.as_slice()))
        .texts_opt("command", calls.iter().map(|call| call.2.command.as_deref()))
        .texts_opt("patch", calls.iter().map(|call| call.2.patch.as_deref()))
        .texts("input", calls.iter().map(|call| call.2.input.as_str()))
        .append(conn, "tool_calls")
        .doing("store tool calls")
}
