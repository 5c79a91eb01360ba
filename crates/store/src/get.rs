//! Facts by their ids, whole.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use arrow::array::{Array, AsArray, RecordBatch};
use duckdb::Row;
use lichen_model::{
    AnyId, Commit, CommitId, DocumentId, DocumentVersion, FileChange, Id, Kind, Message, MessageId,
    Oid, Person, PersonId, RepoId, RepoPath, Stream, StreamId, TextHash, Timestamp, ToolCall,
    ToolCallId, VersionId, Zoned,
};

use crate::columns::micros;
use crate::commits::status_of;
use crate::documents;
use crate::error::{Doing, Error, Result};
use crate::messages::{kind_of, role_of};
use crate::passages::raw;
use crate::reader::Reader;
use crate::row::{self, At, OidBytes, Raw};

/// A commit with the names of its people.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitView {
    /// The commit.
    pub commit: Commit,
    /// The author after the mailmap.
    pub author: Person,
    /// The committer after the mailmap.
    pub committer: Person,
}

/// A message with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageView {
    /// The message.
    pub message: Message,
    /// Its stream.
    pub stream: Stream,
    /// Its place in the stream in the order of arrival, from 0.
    pub ordinal: u64,
}

/// A version of a document with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionView {
    /// The version.
    pub version: DocumentVersion,
    /// Its place in the document's history, from 0.
    pub ord: u32,
    /// The document's current version; itself where it is that.
    pub current: VersionId,
}

const DOING: &str = "read a fact";

/// Columns of a message and its stream, as `message_view` takes them.
const MESSAGE: &str =
    "m.message_id, m.stream_id, m.external_id, m.author, m.role::VARCHAR, m.sent_at, m.sent_offset,
    m.text, m.reply_to, m.meta, m.ordinal, s.source, s.name, s.kind::VARCHAR, s.title, m.tokens, m.replaces";

impl Reader {
    /// The full ids that agree with `asked`: none, one, or where a short form is ambiguous, all of them.
    pub fn resolve(&self, asked: AnyId) -> Result<Vec<AnyId>> {
        let (table, column) = match asked.kind {
            Kind::Commit => ("git_commits", "commit_id"),
            Kind::Document => ("documents", "document_id"),
            Kind::Message => ("messages", "message_id"),
            Kind::Passage => ("passages", "passage_id"),
            Kind::Person => ("people", "person_id"),
            Kind::Ref => ("git_refs", "ref_id"),
            Kind::Repo => ("repos", "repo_id"),
            Kind::Run => ("runs", "run_id"),
            Kind::Stream => ("streams", "stream_id"),
            Kind::Symbol => ("code_symbols", "symbol_id"),
            Kind::ToolCall => ("tool_calls", "tool_call_id"),
            Kind::Version => ("document_versions", "version_id"),
            Kind::Window => ("runs", "window_id"),
        };
        // A full id is pruned by block statistics; the low bits of a short one are compared with every id.
        let filter = if asked.is_full() {
            format!("WHERE {column} = '{}'::UUID", row::uuid(asked.id.as_u128()))
        } else {
            String::new()
        };
        let mut statement =
            self.conn.prepare(&format!("SELECT {column} FROM {table} {filter}")).doing(DOING)?;
        let chunks: Vec<RecordBatch> = statement.query_arrow([]).doing(DOING)?.collect();
        let mut found = Vec::new();
        for chunk in &chunks {
            let ids = chunk.column(0).as_fixed_size_binary_opt().ok_or_else(|| odd(column))?;
            for place in 0..ids.len() {
                let id = Id::from_u128(raw(chunk, 0, place)?);
                if asked.matches(id) {
                    found.push(AnyId::full(asked.kind, id));
                }
            }
        }
        found.sort_by_key(|any| any.id);
        found.dedup();
        Ok(found)
    }

    /// The number of a passage.
    pub fn seq_of(&self, passage: lichen_model::PassageId) -> Result<Option<u64>> {
        let sql = format!(
            "SELECT seq FROM passages WHERE passage_id = '{}'::UUID",
            row::uuid(passage.as_u128())
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        rows.next().doing(DOING)?.map(|row| row.get(0).doing(DOING)).transpose()
    }

    /// A commit, whole.
    pub fn commit(&self, id: CommitId) -> Result<Option<CommitView>> {
        let uuid = row::uuid(id.as_u128());
        let sql = format!(
            "SELECT commit_id, repo_id, oid, tree, author_id, authored_at, authored_offset, committer_id,
                 committed_at, committed_offset, message, boundary, changes_known
             FROM git_commits WHERE commit_id = '{uuid}'::UUID"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let Some(row) = rows.next().doing(DOING)? else { return Ok(None) };
        let known: bool = row.get(12).doing(DOING)?;
        let commit = Commit {
            id,
            repo: RepoId::from_u128(id_at(row, 1)?),
            oid: row.get::<_, OidBytes>(2).doing(DOING)?.0,
            tree: row.get::<_, OidBytes>(3).doing(DOING)?.0,
            parents: self.parents(&uuid)?,
            author: PersonId::from_u128(id_at(row, 4)?),
            authored: zoned(row, 5)?,
            committer: PersonId::from_u128(id_at(row, 7)?),
            committed: zoned(row, 8)?,
            message: row.get(10).doing(DOING)?,
            boundary: row.get(11).doing(DOING)?,
            changes: if known { Some(self.changes(&uuid)?) } else { None },
        };
        let (author, committer) =
            (self.canonical(commit.author)?, self.canonical(commit.committer)?);
        Ok(Some(CommitView { commit, author, committer }))
    }

    fn parents(&self, uuid: &str) -> Result<Vec<Oid>> {
        let sql = format!(
            "SELECT parent_oid FROM commit_parents WHERE commit_id = '{uuid}'::UUID ORDER BY ord"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let rows = statement.query_map([], |row| row.get::<_, OidBytes>(0));
        rows.and_then(|rows| rows.map(|oid| oid.map(|oid| oid.0)).collect()).doing(DOING)
    }

    fn changes(&self, uuid: &str) -> Result<Vec<FileChange>> {
        let sql = format!(
            "SELECT parent, path, path_raw, old_path, old_path_raw, status::VARCHAR, old_oid, new_oid, old_mode,
                 new_mode
             FROM file_changes WHERE commit_id = '{uuid}'::UUID ORDER BY ord"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut changes = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let status: String = row.get(5).doing(DOING)?;
            let old_path: Option<String> = row.get(3).doing(DOING)?;
            let old_raw: Option<Vec<u8>> = row.get(4).doing(DOING)?;
            let oid = |place| -> Result<Option<Oid>> {
                Ok(row.get::<_, Option<OidBytes>>(place).doing(DOING)?.map(|oid| oid.0))
            };
            changes.push(FileChange {
                parent: row.get(0).doing(DOING)?,
                path: row::path(row.get(1).doing(DOING)?, row.get(2).doing(DOING)?),
                old_path: old_path.map(|text| row::path(text, old_raw)),
                status: status_of(&status).ok_or_else(|| odd("file_changes.status"))?,
                old_oid: oid(6)?,
                new_oid: oid(7)?,
                old_mode: row.get(8).doing(DOING)?,
                new_mode: row.get(9).doing(DOING)?,
            });
        }
        Ok(changes)
    }

    /// Who `person` is after the mailmap.
    fn canonical(&self, person: PersonId) -> Result<Person> {
        let mut statement = self
            .conn
            .prepare(
                "SELECT k.person_id, k.name, k.email, k.canonical_id
                 FROM people AS p JOIN people AS k ON k.person_id IN (p.canonical_id, p.person_id)
                 WHERE p.person_id = ?::UUID ORDER BY k.person_id = p.canonical_id DESC LIMIT 1",
            )
            .doing(DOING)?;
        let mut rows = statement.query([row::uuid(person.as_u128())]).doing(DOING)?;
        let Some(row) = rows.next().doing(DOING)? else {
            return Ok(Person {
                id: person,
                name: String::new(),
                email: String::new(),
                canonical: person,
            });
        };
        Ok(Person {
            id: PersonId::from_u128(id_at(row, 0)?),
            name: row.get(1).doing(DOING)?,
            email: row.get(2).doing(DOING)?,
            canonical: PersonId::from_u128(id_at(row, 3)?),
        })
    }

    /// A message, whole.
    pub fn message(&self, id: MessageId) -> Result<Option<MessageView>> {
        let uuid = row::uuid(id.as_u128());
        let filter = format!("WHERE m.message_id = '{uuid}'::UUID");
        Ok(self.messages_where(&filter)?.pop())
    }

    /// These messages, in the order asked for. Ids that do not exist are left out.
    pub fn messages(&self, ids: &[MessageId]) -> Result<Vec<MessageView>> {
        let raw = || ids.iter().map(|id| id.as_u128());
        let (Some(low), Some(high)) = (raw().min(), raw().max()) else { return Ok(Vec::new()) };
        let filter = format!(
            "WHERE m.message_id BETWEEN '{}'::UUID AND '{}'::UUID AND m.message_id IN ({})",
            row::uuid(low),
            row::uuid(high),
            row::uuid_list(raw())
        );
        let mut found: HashMap<MessageId, MessageView> =
            self.messages_where(&filter)?.into_iter().map(|view| (view.message.id, view)).collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Of each stream: messages, bytes, and the times of its first and last message in milliseconds; without messages
    /// that others have taken the place of.
    pub fn stream_sizes(&self) -> Result<HashMap<StreamId, (u64, u64, i64, i64)>> {
        let mut statement = self
            .conn
            .prepare(
                "SELECT stream_id, count(*), sum(byte_len)::UBIGINT, epoch_ms(min(sent_at)), epoch_ms(max(sent_at))
                 FROM messages WHERE message_id NOT IN (SELECT message_id FROM replaced_messages)
                 GROUP BY stream_id",
            )
            .doing(DOING)?;
        let rows = statement.query_map([], |row| {
            let id = StreamId::from_u128(row.get::<_, Raw>(0)?.0);
            Ok((id, (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        });
        rows.and_then(Iterator::collect).doing(DOING)
    }

    /// Of these messages, those of these streams.
    pub fn messages_in(
        &self,
        messages: &[MessageId],
        streams: &[StreamId],
    ) -> Result<HashSet<MessageId>> {
        let messages = row::uuid_list(messages.iter().map(|message| message.as_u128()));
        let streams = row::uuid_list(streams.iter().map(|stream| stream.as_u128()));
        let sql = format!(
            "SELECT message_id FROM messages WHERE message_id IN ({messages}) AND stream_id IN ({streams})"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let rows = statement.query_map([], |row| Ok(MessageId::from_u128(row.get::<_, Raw>(0)?.0)));
        rows.and_then(Iterator::collect).doing(DOING)
    }

    /// The message that a passage or a tool call is of; `None` where it is of none.
    pub fn message_behind(&self, thing: AnyId) -> Result<Option<MessageId>> {
        let id = row::uuid(thing.id.as_u128());
        let sql = match thing.kind {
            Kind::Passage => format!(
                "SELECT owner_id FROM passages WHERE passage_id = '{id}'::UUID AND owner_kind = 'message'"
            ),
            Kind::ToolCall => {
                format!("SELECT message_id FROM tool_calls WHERE tool_call_id = '{id}'::UUID")
            }
            _ => return Ok(None),
        };
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let found =
            rows.next().doing(DOING)?.map(|row| row.get::<_, Raw>(0).doing(DOING)).transpose()?;
        Ok(found.map(|raw| MessageId::from_u128(raw.0)))
    }

    /// The current version of the document at `path`, of the first repository that has one there.
    pub fn current_version_at(&self, path: &str) -> Result<Option<VersionId>> {
        let sql = "SELECT d.version_id FROM current_documents AS d JOIN repos AS r USING (repo_id)
             WHERE d.path = ? ORDER BY r.key <> '.', r.key LIMIT 1";
        let mut statement = self.conn.prepare(sql).doing(DOING)?;
        let mut rows = statement.query([path]).doing(DOING)?;
        let found =
            rows.next().doing(DOING)?.map(|row| row.get::<_, Raw>(0).doing(DOING)).transpose()?;
        Ok(found.map(|raw| VersionId::from_u128(raw.0)))
    }

    /// Up to `count` messages before and after a message in its stream, and itself, by time.
    pub fn around(&self, id: MessageId, count: usize) -> Result<Vec<MessageView>> {
        let Some(middle) = self.message(id)? else { return Ok(Vec::new()) };
        let stream = row::uuid(middle.message.stream.as_u128());
        let place =
            format!("(make_timestamp({}), {})", micros(middle.message.sent.at), middle.ordinal);
        let side = |sign: &str, direction: &str| {
            format!(
                "WHERE m.stream_id = '{stream}'::UUID AND (m.sent_at, m.ordinal) {sign} {place}
                 ORDER BY m.sent_at {direction}, m.ordinal {direction} LIMIT {count}"
            )
        };
        let mut messages = self.messages_where(&side("<", "DESC"))?;
        messages.reverse();
        messages.push(middle);
        messages.extend(self.messages_where(&side(">", "ASC"))?);
        Ok(messages)
    }

    /// Messages of a stream by time, from `since` (inclusive) to `until` (exclusive), at most `limit`.
    pub fn messages_of(
        &self,
        stream: StreamId,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<MessageView>> {
        let mut filter = format!("WHERE m.stream_id = '{}'::UUID", row::uuid(stream.as_u128()));
        for (sign, at) in [(">=", since), ("<", until)] {
            if let Some(at) = at {
                write!(filter, " AND m.sent_at {sign} make_timestamp({})", micros(at))
                    .expect("a string takes all that is written");
            }
        }
        self.messages_where(&format!("{filter} ORDER BY m.sent_at, m.ordinal LIMIT {limit}"))
    }

    fn messages_where(&self, filter: &str) -> Result<Vec<MessageView>> {
        let sql = format!(
            "SELECT {MESSAGE} FROM messages AS m JOIN streams AS s USING (stream_id) {filter}"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut messages = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            messages.push(message_view(row)?);
        }
        self.add_tool_calls(&mut messages)?;
        Ok(messages)
    }

    fn add_tool_calls(&self, messages: &mut [MessageView]) -> Result<()> {
        let list = row::uuid_list(messages.iter().map(|view| view.message.id.as_u128()));
        let sql = format!(
            "SELECT tool_call_id, message_id, external_id, tool, array_to_string(paths, chr(0)), len(paths), command,
                 patch, input
             FROM tool_calls WHERE message_id IN ({list}) ORDER BY message_id, ord"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        while let Some(row) = rows.next().doing(DOING)? {
            let message = id_at(row, 1)?;
            let (paths, count): (String, usize) =
                (row.get(4).doing(DOING)?, row.get(5).doing(DOING)?);
            let call = ToolCall {
                id: ToolCallId::from_u128(id_at(row, 0)?),
                external_id: row.get(2).doing(DOING)?,
                tool: row.get(3).doing(DOING)?,
                paths: paths.split('\0').take(count).map(RepoPath::from).collect(),
                command: row.get(6).doing(DOING)?,
                patch: row.get(7).doing(DOING)?,
                input: row.get(8).doing(DOING)?,
            };
            let owners = messages.iter_mut().filter(|view| view.message.id.as_u128() == message);
            owners.for_each(|view| view.message.tool_calls.push(call.clone()));
        }
        Ok(())
    }

    /// Every stream, by source and name.
    pub fn streams(&self) -> Result<Vec<Stream>> {
        let mut statement = self
            .conn
            .prepare("SELECT stream_id, source, name, kind::VARCHAR, title FROM streams ORDER BY source, name")
            .doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut streams = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let kind: String = row.get(3).doing(DOING)?;
            streams.push(Stream {
                id: StreamId::from_u128(id_at(row, 0)?),
                source: row.get(1).doing(DOING)?,
                name: row.get(2).doing(DOING)?,
                kind: kind_of(&kind).ok_or_else(|| odd("streams.kind"))?,
                title: row.get(4).doing(DOING)?,
            });
        }
        Ok(streams)
    }

    /// A version of a document, whole.
    pub fn version(&self, id: VersionId) -> Result<Option<VersionView>> {
        let sql = format!(
            "SELECT d.document_id, d.path, d.path_raw, d.kind::VARCHAR, d.language, d.repo_id, v.previous_id, v.text,
                 v.text_hash, v.title, v.meta, v.seen_at, v.ord,
                 (SELECT arg_max(l.version_id, l.ord) FROM document_versions AS l
                  WHERE l.document_id = v.document_id)
             FROM document_versions AS v JOIN documents AS d USING (document_id)
             WHERE v.version_id = '{}'::UUID",
            row::uuid(id.as_u128())
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let Some(row) = rows.next().doing(DOING)? else { return Ok(None) };
        let version = DocumentVersion {
            id,
            document: documents::document(row, 0, RepoId::from_u128(id_at(row, 5)?))?,
            previous: row
                .get::<_, Option<Raw>>(6)
                .doing(DOING)?
                .map(|raw| VersionId::from_u128(raw.0)),
            text: row.get(7).doing(DOING)?,
            text_hash: TextHash(id_at(row, 8)?),
            title: row.get(9).doing(DOING)?,
            meta: row.get(10).doing(DOING)?,
            seen: row.get::<_, At>(11).doing(DOING)?.0,
        };
        let (ord, current) = (row.get(12).doing(DOING)?, VersionId::from_u128(id_at(row, 13)?));
        Ok(Some(VersionView { version, ord, current }))
    }

    /// The versions of a document, oldest first.
    pub fn versions_of(&self, document: DocumentId) -> Result<Vec<VersionId>> {
        let mut statement = self
            .conn
            .prepare(
                "SELECT version_id FROM document_versions WHERE document_id = ?::UUID ORDER BY ord",
            )
            .doing(DOING)?;
        let rows = statement.query_map([row::uuid(document.as_u128())], |row| row.get::<_, Raw>(0));
        rows.and_then(|rows| rows.map(|raw| raw.map(|raw| VersionId::from_u128(raw.0))).collect())
            .doing(DOING)
    }
}

fn message_id_at(row: &Row<'_>, column: usize) -> Result<Option<MessageId>> {
    let raw = row.get::<_, Option<Raw>>(column).doing(DOING)?;
    Ok(raw.map(|raw| MessageId::from_u128(raw.0)))
}

fn message_view(row: &Row<'_>) -> Result<MessageView> {
    let (role, kind): (String, String) = (row.get(4).doing(DOING)?, row.get(13).doing(DOING)?);
    let stream = StreamId::from_u128(id_at(row, 1)?);
    let message = Message {
        id: MessageId::from_u128(id_at(row, 0)?),
        stream,
        external_id: row.get(2).doing(DOING)?,
        author: row.get(3).doing(DOING)?,
        role: role_of(&role).ok_or_else(|| odd("messages.role"))?,
        sent: zoned(row, 5)?,
        text: row.get(7).doing(DOING)?,
        tokens: row.get::<_, Option<u32>>(15).doing(DOING)?.unwrap_or(0),
        reply_to: message_id_at(row, 8)?,
        replaces: message_id_at(row, 16)?,
        tool_calls: Vec::new(),
        meta: row.get(9).doing(DOING)?,
    };
    let stream = Stream {
        id: stream,
        source: row.get(11).doing(DOING)?,
        name: row.get(12).doing(DOING)?,
        kind: kind_of(&kind).ok_or_else(|| odd("streams.kind"))?,
        title: row.get(14).doing(DOING)?,
    };
    Ok(MessageView { message, stream, ordinal: row.get(10).doing(DOING)? })
}

fn id_at(row: &Row<'_>, place: usize) -> Result<u128> {
    Ok(row.get::<_, Raw>(place).doing(DOING)?.0)
}

/// The time at `place` and the offset in the column behind it.
fn zoned(row: &Row<'_>, place: usize) -> Result<Zoned> {
    let At(at) = row.get(place).doing(DOING)?;
    Ok(Zoned { at, offset_minutes: row.get(place + 1).doing(DOING)? })
}

fn odd(column: &str) -> Error {
    Error::Value { column: column.to_owned() }
}
