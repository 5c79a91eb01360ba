//! What changes, in temporary tables beside the store, where the copying statements join with it.

use duckdb::Connection;

use super::survey::Survey;
use crate::columns::Columns;
use crate::error::{Doing, Result};

const DOING: &str = "lay out what a purge changes";

/// The temporary tables. They hold nothing that is purged.
const TABLES: &str = "
CREATE OR REPLACE TEMP TABLE purge_ids (old UUID, new UUID);
CREATE OR REPLACE TEMP TABLE purge_commits (id UUID, message VARCHAR);
CREATE OR REPLACE TEMP TABLE purge_versions (id UUID, text VARCHAR, text_hash UUID, title VARCHAR, meta VARCHAR);
CREATE OR REPLACE TEMP TABLE purge_streams (id UUID, title VARCHAR);
CREATE OR REPLACE TEMP TABLE purge_keys (id UINTEGER, qualified_name VARCHAR, name VARCHAR, signature VARCHAR);
CREATE OR REPLACE TEMP TABLE purge_messages (id UUID, text VARCHAR, byte_len BIGINT, tokens BIGINT, meta VARCHAR);
CREATE OR REPLACE TEMP TABLE purge_calls (id UUID, paths VARCHAR[], command VARCHAR, patch VARCHAR, input VARCHAR);
CREATE OR REPLACE TEMP TABLE purge_passages (
    id UUID, start_byte UINTEGER, end_byte UINTEGER, line UINTEGER, context VARCHAR, text_hash UUID
);
CREATE OR REPLACE TEMP TABLE purge_tags (kind VARCHAR, thing UUID, name VARCHAR, new VARCHAR);
CREATE OR REPLACE TEMP TABLE purge_vectors (hash UUID);
";

/// The running sums of the streams in which a message changes: places stay, since neither times nor arrival do.
const SUMS: &str = "
CREATE OR REPLACE TEMP TABLE purge_sums AS
WITH touched AS (
    SELECT m.message_id, m.stream_id, m.ordinal, m.late, m.place, coalesce(n.byte_len, m.byte_len) AS byte_len,
        CASE WHEN n.id IS NULL THEN m.tokens ELSE n.tokens END AS tokens
    FROM messages AS m LEFT JOIN temp.purge_messages AS n ON n.id = m.message_id
    WHERE m.stream_id IN (
        SELECT stream_id FROM messages WHERE message_id IN (SELECT id FROM temp.purge_messages)
    )
), timely AS (
    SELECT stream_id, place, sum(byte_len) OVER so_far AS cum_bytes,
        CASE WHEN bool_and(tokens IS NOT NULL) OVER so_far THEN sum(tokens) OVER so_far END AS cum_tokens
    FROM touched WHERE NOT late
    WINDOW so_far AS (PARTITION BY stream_id ORDER BY ordinal ROWS UNBOUNDED PRECEDING)
)
SELECT m.message_id AS id, coalesce(t.cum_bytes, 0)::BIGINT AS cum_bytes,
    (CASE WHEN t.place IS NULL THEN 0 ELSE t.cum_tokens END)::BIGINT AS cum_tokens
FROM touched AS m LEFT JOIN timely AS t ON t.stream_id = m.stream_id AND t.place = m.place;
";

/// Removes them.
pub(super) const END: &str = "
DROP TABLE IF EXISTS temp.purge_ids; DROP TABLE IF EXISTS temp.purge_commits;
DROP TABLE IF EXISTS temp.purge_versions; DROP TABLE IF EXISTS temp.purge_streams;
DROP TABLE IF EXISTS temp.purge_messages; DROP TABLE IF EXISTS temp.purge_calls;
DROP TABLE IF EXISTS temp.purge_passages; DROP TABLE IF EXISTS temp.purge_tags;
DROP TABLE IF EXISTS temp.purge_vectors; DROP TABLE IF EXISTS temp.purge_sums;
DROP TABLE IF EXISTS temp.purge_keys;
";

pub(super) fn stage(conn: &Connection, survey: &Survey) -> Result<()> {
    conn.execute_batch(TABLES).doing(DOING)?;
    let put = |columns: Columns, table: &str| columns.append_to(conn, "temp", table).doing(DOING);
    let ids: Vec<(u128, u128)> = survey.ids.iter().map(|(old, new)| (*old, *new)).collect();
    let renamed = Columns::default()
        .ids("old", ids.iter().map(|(old, _)| *old))
        .ids("new", ids.iter().map(|(_, new)| *new));
    put(renamed, "purge_ids")?;
    let commits = Columns::default()
        .ids("id", survey.commits.keys().copied())
        .texts("message", survey.commits.values().map(|new| new.text.as_str()));
    put(commits, "purge_commits")?;
    put(versions(survey), "purge_versions")?;
    let streams = Columns::default()
        .ids("id", survey.streams.keys().copied())
        .texts("title", survey.streams.values().map(String::as_str));
    put(streams, "purge_streams")?;
    let key = |at: usize| survey.keys.values().map(move |key| key[at].as_str());
    let keys = Columns::default()
        .u32s("id", survey.keys.keys().copied())
        .texts("qualified_name", key(0))
        .texts("name", key(1))
        .texts("signature", key(2));
    put(keys, "purge_keys")?;
    put(messages(survey), "purge_messages")?;
    let calls = || survey.calls.values();
    let columns = Columns::default()
        .ids("id", survey.calls.keys().copied())
        .path_lists("paths", calls().map(|call| call.paths.as_slice()))
        .texts_opt("command", calls().map(|call| call.command.as_deref()))
        .texts_opt("patch", calls().map(|call| call.patch.as_deref()))
        .texts("input", calls().map(|call| call.input.as_str()));
    put(columns, "purge_calls")?;
    let passages = || survey.passages.values();
    let columns = Columns::default()
        .ids("id", survey.passages.keys().copied())
        .u32s("start_byte", passages().map(|passage| passage.start))
        .u32s("end_byte", passages().map(|passage| passage.end))
        .u32s("line", passages().map(|passage| passage.line))
        .texts("context", passages().map(|passage| passage.context.as_str()))
        .ids("text_hash", passages().map(|passage| passage.text_hash.0));
    put(columns, "purge_passages")?;
    let tags = || survey.tags.iter();
    let columns = Columns::default()
        .texts("kind", tags().map(|tag| tag.kind.as_str()))
        .ids("thing", tags().map(|tag| tag.thing))
        .texts("name", tags().map(|tag| tag.name.as_str()))
        .texts("new", tags().map(|tag| tag.new.as_str()));
    put(columns, "purge_tags")?;
    put(Columns::default().ids("hash", survey.vectors.iter().copied()), "purge_vectors")?;
    conn.execute_batch(SUMS).doing(DOING)
}

/// Versions whose text stays have none here: the stored one is taken.
fn versions(survey: &Survey) -> Columns {
    let versions = || survey.versions.values();
    let text = |version: &super::survey::Version| {
        version.text.as_ref().map(|new| lichen_model::TextHash::of(&new.text).0)
    };
    Columns::default()
        .ids("id", survey.versions.keys().copied())
        .texts_opt(
            "text",
            versions().map(|version| version.text.as_ref().map(|new| new.text.as_str())),
        )
        .ids_opt("text_hash", versions().map(text))
        .texts("title", versions().map(|version| version.title.as_str()))
        .texts("meta", versions().map(|version| version.meta.as_str()))
}

/// Messages whose text or fields stay have none here.
fn messages(survey: &Survey) -> Columns {
    let messages = || survey.messages.values();
    let text =
        |message: &'_ super::survey::Message| message.text.as_ref().map(|new| new.text.len());
    Columns::default()
        .ids("id", survey.messages.keys().copied())
        .texts_opt(
            "text",
            messages().map(|message| message.text.as_ref().map(|new| new.text.as_str())),
        )
        .i64s_opt(
            "byte_len",
            messages().map(|message| text(message).and_then(|len| i64::try_from(len).ok())),
        )
        .i64s_opt("tokens", messages().map(|message| message.tokens.map(i64::from)))
        .texts_opt("meta", messages().map(|message| message.meta.as_deref()))
}
