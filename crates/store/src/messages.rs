//! Streams, the messages in them, and the tools that agents used.

use std::collections::{HashMap, HashSet};

use duckdb::{Connection, params};
use lichen_model::{
    Message, MessageId, Owner, Problem, Role, Stream, StreamId, StreamKind, ToolCall,
};

use crate::append::{Known, Owners, Receipt, existing, stage};
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::row::{self, Raw};

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

/// Adds streams, and follows a title that changed.
pub(crate) fn append_streams(conn: &Connection, streams: &[Stream]) -> Result<()> {
    for stream in streams {
        conn.execute(
            "INSERT INTO streams (stream_id, source, name, kind, title) VALUES (?::UUID, ?, ?, ?, ?)
             ON CONFLICT (stream_id) DO UPDATE SET title = excluded.title
             WHERE excluded.title <> '' AND streams.title <> excluded.title",
            params![
                row::uuid(stream.id.as_u128()),
                stream.source,
                stream.name,
                kind_word(stream.kind),
                stream.title
            ],
        )
        .doing("store a stream")?;
    }
    Ok(())
}

/// Appends those of `messages` that are new; one whose id is there with another text becomes a problem.
pub(crate) fn append<'a>(
    conn: &Connection,
    messages: &'a [Message],
    known: &mut Known,
    owners: &mut Owners<'a>,
    receipt: &mut Receipt,
) -> Result<()> {
    let ids = messages.iter().map(|message| message.id.as_u128());
    let stored = existing(conn, "messages", "message_id", ids, known.newest_message)?;
    let mut texts: HashMap<MessageId, &str> = HashMap::new();
    let mut new: Vec<&Message> = Vec::new();
    let mut again: Vec<&Message> = Vec::new();
    for message in messages {
        if stored.contains(&message.id.as_u128()) {
            again.push(message);
        } else if let Some(text) = texts.get(&message.id) {
            contradiction(message, text, receipt);
        } else {
            texts.insert(message.id, &message.text);
            new.push(message);
        }
    }
    compare(conn, &again, receipt)?;
    if new.is_empty() {
        return Ok(());
    }
    known.newest_message =
        known.newest_message.max(new.iter().map(|message| message.id.as_u128()).max());
    owners.extend(new.iter().map(|message| (Owner::Message(message.id), message.text.as_str())));
    receipt.messages = new.len();
    let places = places(conn, &new, known)?;
    append_messages(conn, &new, &places)?;
    append_tool_calls(conn, &new, receipt)
}

/// Reports those of `messages`, which are all stored, whose stored text is another.
fn compare(conn: &Connection, messages: &[&Message], receipt: &mut Receipt) -> Result<()> {
    let doing = "compare messages with those stored";
    let ids = || messages.iter().map(|message| message.id.as_u128());
    let (Some(low), Some(high)) = (ids().min(), ids().max()) else { return Ok(()) };
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
    for message in messages {
        if let Some(text) = stored.get(&message.id.as_u128()) {
            contradiction(message, text, receipt);
        }
    }
    Ok(())
}

fn contradiction(message: &Message, text: &str, receipt: &mut Receipt) {
    if message.text != text {
        let what = "a message of this id is there with another text: the first one was kept";
        receipt.problems.push(Problem::new("messages", message.id.any().to_string(), what));
    }
}

/// Ordinal and running sum of each of `messages` in its stream.
fn places(conn: &Connection, messages: &[&Message], known: &mut Known) -> Result<Vec<(i64, i64)>> {
    let unknown: HashSet<StreamId> = messages
        .iter()
        .map(|message| message.stream)
        .filter(|stream| !known.streams.contains_key(stream))
        .collect();
    if !unknown.is_empty() {
        known.streams.extend(ends(conn, &unknown)?);
        known.streams.extend(
            unknown
                .iter()
                .filter(|stream| !known.streams.contains_key(stream))
                .map(|&stream| (stream, (0, 0)))
                .collect::<Vec<_>>(),
        );
    }
    let place = |message: &&Message| {
        let end = known.streams.entry(message.stream).or_default();
        let ordinal = end.0;
        end.0 += 1;
        end.1 += i64::try_from(message.text.len()).expect("a text fits in memory");
        (ordinal, end.1)
    };
    Ok(messages.iter().map(place).collect())
}

/// How many messages and bytes the streams hold now.
fn ends(conn: &Connection, streams: &HashSet<StreamId>) -> Result<HashMap<StreamId, (i64, i64)>> {
    let doing = "find the ends of streams";
    stage(conn, streams.iter().map(|stream| stream.as_u128()))?;
    let mut statement = conn
        .prepare(
            "SELECT stream_id, max(ordinal) + 1, max(cum_bytes) FROM messages
             WHERE stream_id IN (SELECT id FROM temp.staged) GROUP BY stream_id",
        )
        .doing(doing)?;
    let rows = statement.query_map([], |row| {
        Ok((StreamId::from_u128(row.get::<_, Raw>(0)?.0), (row.get(1)?, row.get(2)?)))
    });
    rows.and_then(Iterator::collect).doing(doing)
}

fn append_messages(conn: &Connection, messages: &[&Message], places: &[(i64, i64)]) -> Result<()> {
    // In the order of ids within the batch, so that block statistics prune.
    let mut rows: Vec<(&Message, (i64, i64))> =
        messages.iter().copied().zip(places.iter().copied()).collect();
    rows.sort_by_key(|(message, _)| message.id);
    let len = |message: &Message| u32::try_from(message.text.len()).unwrap_or(u32::MAX);
    Columns::default()
        .ids("message_id", rows.iter().map(|(message, _)| message.id.as_u128()))
        .ids("stream_id", rows.iter().map(|(message, _)| message.stream.as_u128()))
        .i64s("ordinal", rows.iter().map(|(_, place)| place.0))
        .texts("external_id", rows.iter().map(|(message, _)| message.external_id.as_str()))
        .texts("author", rows.iter().map(|(message, _)| message.author.as_str()))
        .texts("role", rows.iter().map(|(message, _)| role_word(message.role)))
        .times("sent_at", rows.iter().map(|(message, _)| message.sent.at))
        .i16s("sent_offset", rows.iter().map(|(message, _)| message.sent.offset_minutes))
        .texts("text", rows.iter().map(|(message, _)| message.text.as_str()))
        .u32s("byte_len", rows.iter().map(|(message, _)| len(message)))
        .i64s("cum_bytes", rows.iter().map(|(_, place)| place.1))
        .ids_opt(
            "reply_to",
            rows.iter().map(|(message, _)| message.reply_to.map(MessageId::as_u128)),
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
